#include "reward/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"
#include "tests/reward/judge.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(Verifier, EveryListedNameCanBeMade) {
  for (const std::string& name : VerifierNames())
    EXPECT_EQ(MakeVerifier(name)->name(), name + "@1");
  EXPECT_THAT([] { MakeVerifier("countdwon"); }, ThrowsMessage<Error>(HasSubstr("'countdown'?")));
}

// Quadratic time would take hours here.
TEST(Verifier, AMegabyteOfAnythingIsJudgedInLinearTime) {
  const std::string gold = R"({"numbers":[3,5,8],"target":16})";
  for (const std::string unit : {"(", ")", "<answer>", "</answer>", "<think>", "</think>", "<", " ",
                                 "3+", "<answer></answer>", "<think></think>", "\xff", "9",
                                 "\\boxed{", "####", "-$", "1,", "a/", "\\frac{1"}) {
    std::string flood;
    while (flood.size() < 1000000) flood += unit;
    for (const std::string& completion :
         {flood, "<answer>" + flood + "</answer>", "<think>" + flood + "</think>" + flood})
      for (const std::string& name : VerifierNames()) {
        const bool by_letter = name == "choice" || name == "regex";
        const Verdict verdict = JudgeBy(name, completion,
                                        by_letter                   ? "B"
                                        : name.starts_with("gsm8k") ? "18"
                                                                    : gold);
        const bool may_be_right = name == "random" || name == "answer_tag";
        EXPECT_TRUE(may_be_right || verdict.outcome == Outcome::kIncorrect) << name << unit;
      }
  }
}

TEST(Verifier, RandomFollowsItsKeyAlone) {
  const auto verifier = MakeVerifier("random");
  int drawn = 0;
  constexpr int kKeys = 10000;
  for (uint64_t key = 0; key < kKeys; ++key) {
    const Verdict verdict = verifier->Judge({.completion = "a", .random_key = key});
    EXPECT_EQ(verdict.score, verifier->Judge({.completion = "b", .random_key = key}).score);
    EXPECT_EQ(verdict.score, verdict.outcome == Outcome::kCorrect ? 1 : 0);
    EXPECT_EQ(verdict.reason, verdict.score == 1 ? "drawn" : "not_drawn");
    drawn += verdict.outcome == Outcome::kCorrect;
  }
  EXPECT_NEAR(drawn, kKeys / 2, 4 * std::sqrt(kKeys) / 2);
}

}  // namespace
}  // namespace r1zero
