// Short forms for the verifiers' tests.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "reward/verifier.h"

namespace r1zero {

inline Verdict JudgeBy(const std::string& verifier, const std::string& completion,
                       const std::string& gold = "") {
  return MakeVerifier(verifier)->Judge({.completion = completion, .gold = gold});
}

// A completion and the reason of its verdict; "equal" and "well_formed" are correct, all else not.
struct Case {
  std::string completion;
  std::string reason;
};

inline void ExpectReason(const std::string& verifier, const std::string& gold, const Case& c) {
  const Verdict verdict = JudgeBy(verifier, c.completion, gold);
  const std::string shown = c.completion.substr(0, 80);
  EXPECT_EQ(verdict.reason, c.reason) << shown;
  const bool correct = c.reason == "equal" || c.reason == "well_formed";
  EXPECT_EQ(verdict.outcome, correct ? Outcome::kCorrect : Outcome::kIncorrect) << shown;
  EXPECT_EQ(verdict.score, correct ? 1 : 0) << shown;
  EXPECT_EQ(verdict.verifier, verifier + "@1");
}

}  // namespace r1zero
