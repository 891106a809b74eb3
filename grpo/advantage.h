// Group-relative advantages (DeepSeekMath section 4.1.2, https://arxiv.org/abs/2402.03300):
//
//   A_i = (r_i - mean(r)) / (std(r) + eps)
//
// A group whose rewards are all equal carries no signal: its advantages are exactly 0.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace r1zero {

enum class AdvantageStd {
  kUnbiased,     // divide by n - 1 (TRL, verl, OpenRLHF, slime)
  kPopulation,   // divide by n
  kLeaveOneOut,  // mean and unbiased std of the others; divided only where std > 0 (NeMo-RL)
  kBatch,        // mean of the group, unbiased std of the whole batch (TRL scale_rewards="batch")
  kNone,         // no division (Dr. GRPO, https://arxiv.org/abs/2503.20783)
};
AdvantageStd ParseAdvantageStd(const std::string& name);  // Error with the names there are

// rewards: groups of group_size >= 2, one after the other. Error if not divisible, or not finite.
std::vector<float> Advantages(std::span<const double> rewards, int64_t group_size, AdvantageStd std,
                              double eps);

}  // namespace r1zero
