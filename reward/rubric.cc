#include "reward/rubric.h"

#include <cmath>

#include "common/error.h"
#include "common/sha256.h"

namespace r1zero {

Rubric::Rubric(const RewardConfig& config) {
  Require(!config.weights.empty(), "reward.weights is empty, expected at least one part");
  for (const auto& [name, weight] : config.weights) {
    Require(std::isfinite(weight) && weight >= 0, "reward.weights.", name, " is ", weight,
            ", expected a number of at least 0");
    for (const Part& part : parts_)
      Require(part.name != name, "reward.weights has '", name, "' twice");
    const std::string& verifier = VerifierOf(config, name);
    Require(verifier != "auto",
            "reward.accuracy is still \"auto\" where its verifier is needed, "
            "expected the task's verifier");
    parts_.push_back({name, weight, MakeVerifier(verifier)});
  }
}

Score Rubric::Judge(const Judged& judged) const {
  Score score{.judged_sha256 = Sha256Hex(judged.completion)};
  for (const auto& [name, weight, verifier] : parts_) {
    Verdict verdict = judged.truncated
                          ? Verdict{Outcome::kIncorrect, 0, "truncated", "", verifier->name()}
                          : verifier->Judge(judged);
    score.undecided |= verdict.outcome == Outcome::kUndecided;
    score.reward += weight * verdict.score;
    score.parts.push_back({name, weight, std::move(verdict)});
  }
  if (score.undecided) score.reward = 0;
  return score;
}

}  // namespace r1zero
