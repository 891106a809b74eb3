#include "reward/verifier.h"

#include "common/config.h"
#include "common/error.h"
#include "reward/rules.h"

namespace r1zero {

std::vector<std::string> VerifierNames() {
  return {"signs", "countdown",  "exact",  "choice",     "regex",
          "gsm8k", "gsm8k_last", "format", "answer_tag", "random"};
}

std::unique_ptr<const Verifier> MakeVerifier(const std::string& name) {
  if (name == "signs") return MakeSignsVerifier();
  if (name == "countdown") return MakeCountdownVerifier();
  if (name == "exact") return MakeExactVerifier();
  if (name == "choice") return MakeChoiceVerifier();
  if (name == "regex") return MakeRegexVerifier();
  if (name == "gsm8k") return MakeGsm8kVerifier();
  if (name == "gsm8k_last") return MakeGsm8kLastVerifier();
  if (name == "format") return MakeFormatVerifier();
  if (name == "answer_tag") return MakeAnswerTagVerifier();
  if (name == "random") return MakeRandomVerifier();
  const auto nearest = NearestName(name, VerifierNames());
  Fail("unknown verifier '", name,
       "', expected signs, countdown, exact, choice, regex, gsm8k, gsm8k_last, format, answer_tag "
       "or random",
       nearest ? "; did you mean '" + *nearest + "'?" : "");
}

}  // namespace r1zero
