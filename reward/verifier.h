// A verifier reads a completion and a gold answer and gives a verdict. Rules only: no model, no
// network, no clock; the same input gives the same verdict everywhere. Linear time on any input.
//
// Reason codes
//   correct    equal, matches (regex), well_formed, drawn
//   incorrect  no_answer, two_answers, unclosed_answer, answer_in_think   (all but format, random)
//              bad_expression, wrong_numbers, wrong_value                 (signs, countdown)
//              division_by_zero, wrong_claim, too_deep, too_long          (countdown)
//              different                                                  (exact, choice, regex, gsm8k)
//              no_choice                                                  (choice)
//              no_number, bad_number, too_long                            (gsm8k)
//              no_think, repeated_tag, wrong_order, text_outside, empty_think, empty_answer
//              (format) not_drawn                                                  (random)
//              truncated                                                  (any part of a rubric)
//   undecided  bad_gold; overflow (countdown)
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

enum class Outcome {
  kIncorrect,
  kCorrect,
  kUndecided
};  // undecided: gold not understood, limit reached

// What is judged.
struct Judged {
  std::string prompt;
  std::string completion;  // text, without the end token
  std::string gold;
  bool truncated = false;   // cut off by the length limit
  uint64_t random_key = 0;  // identifies (seed, ordinal, sample); only `random` reads it
};

struct Verdict {
  Outcome outcome = Outcome::kUndecided;
  double score = 0;       // in [0, 1]; 0 when undecided
  std::string reason;     // a code of the list above
  std::string extracted;  // the answer that was read from the completion
  std::string verifier;   // name and version, "signs@1"
};

class Verifier {
 public:
  virtual ~Verifier() = default;
  virtual std::string name() const = 0;                   // with version: "signs@1"
  virtual Verdict Judge(const Judged& judged) const = 0;  // thread-safe; never throws on any input
  // Empty if this verifier can judge against `gold`, else the reason why not.
  virtual std::string CheckGold(const std::string& gold) const = 0;

 protected:
  Verdict Correct(std::string_view reason, std::string_view extracted = "") const {
    return {Outcome::kCorrect, 1, std::string(reason), std::string(extracted), name()};
  }
  Verdict Incorrect(std::string_view reason, std::string_view extracted = "") const {
    return {Outcome::kIncorrect, 0, std::string(reason), std::string(extracted), name()};
  }
  Verdict Undecided(std::string_view reason, std::string_view extracted = "") const {
    return {Outcome::kUndecided, 0, std::string(reason), std::string(extracted), name()};
  }
};

// The names that MakeVerifier knows: signs, countdown, exact, choice, regex, gsm8k, gsm8k_last, format, answer_tag, random.
std::vector<std::string> VerifierNames();
// Error with the nearest known name.
std::unique_ptr<const Verifier> MakeVerifier(const std::string& name);

}  // namespace r1zero
