// One step's numbers, by the names that TRL and verl users know (docs/metrics.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "grpo/learner.h"
#include "rollout/group.h"

namespace r1zero {

using Metrics = std::vector<std::pair<std::string, double>>;

// What the completions of a batch look like: reward, rewards/<part>/mean|std, reward_std,
// frac_reward_zero_std, completions/mean_length|min_length|max_length|clipped_ratio|
// mean_terminated_length, and completions/<word> for each counted word.
Metrics GroupMetrics(std::span<const Group> groups, std::span<const std::string> counted_words);
Metrics LearnerMetrics(const UpdateMetrics& update);

}  // namespace r1zero
