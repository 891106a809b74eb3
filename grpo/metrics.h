// One step's numbers, by the names that TRL and verl users know (docs/metrics.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grpo/learner.h"
#include "rollout/group.h"

namespace r1zero {

using Metrics = std::vector<std::pair<std::string, double>>;

// What the completions of a batch look like: reward, reward_std, frac_reward_zero_std,
// rewards/<part>/mean|std, completions/mean_length|min_length|max_length|clipped_ratio|
// mean_terminated_length, and completions/<word> for each counted word.
Metrics GroupMetrics(std::span<const Group> groups, std::span<const std::string> counted_words);

// What sampling took, summed over all groups: rollout/preemptions, rollout/prefilled_tokens.
Metrics RolloutMetrics(std::span<const Group> groups);

// What the update measured: loss, actor/..., kl, entropy, clip_ratio/...,
// training/rollout_probs_diff_...
Metrics LearnerMetrics(const UpdateMetrics& update);

// Occurrences of `word` in `text`, not overlapping.
int64_t CountWord(std::string_view text, std::string_view word);

}  // namespace r1zero
