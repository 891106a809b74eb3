// [reward]: which rules score a completion, and how they weigh.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/config.h"

namespace r1zero {

struct RewardConfig {
  std::string accuracy = "auto";  // verifier of the part "accuracy"; auto: the task's own
  std::vector<std::pair<std::string, double>> weights = {{"accuracy", 1.0}, {"format", 0.1}};
};
void Describe(Fields& f, RewardConfig& c);

}  // namespace r1zero
