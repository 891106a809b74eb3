// Between a group and its scores: what the verifiers are shown, and where their verdicts go. The same
// code in one process and across the ring, so that both give the same bits.
#pragma once

#include <cstdint>
#include <vector>

#include "reward/rubric.h"
#include "rollout/group.h"

namespace r1zero {

// One a completion, in order. `seed` is the sampling seed; only the random-reward ablation reads it.
std::vector<Judged> ToJudged(const Group& group, uint64_t seed);

// Writes the scores into the completions. Error if there are not as many as completions, if one
// judged another text, or if a decided reward or score is not finite; the group is then unchanged.
void ApplyScores(Group& group, const std::vector<Score>& scores);

// Both, with the rules in this process.
void ScoreGroup(Group& group, uint64_t seed, const Rubric& rubric);

}  // namespace r1zero
