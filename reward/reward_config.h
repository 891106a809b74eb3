// [reward]: which rules score a completion, and how they weigh.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/config.h"

namespace r1zero {

struct RewardConfig {
  std::string accuracy = "auto";  // verifier of the part "accuracy"; auto: the task's own
  std::string format = "format";  // verifier of the part "format"
  // A part is "accuracy", "format" or the name of a verifier. Weight 0: measured, not rewarded.
  std::vector<std::pair<std::string, double>> weights = {{"accuracy", 1.0}, {"format", 0.1}};
};
void Describe(Fields& f, RewardConfig& c);

// The verifier of a part: what accuracy or format say for these two, the part's own name otherwise.
const std::string& VerifierOf(const RewardConfig& config, const std::string& part);

// `config` with "auto" replaced by `accuracy_verifier` (Task::accuracy_verifier).
RewardConfig Resolved(RewardConfig config, const std::string& accuracy_verifier);

}  // namespace r1zero
