// Between groups and rules: what a verifier reads of a completion, and what a completion keeps of a score.
#pragma once

#include "reward/rubric.h"
#include "rollout/group.h"

namespace r1zero {

Judged MakeJudged(const Group& group, size_t sample);
void ApplyScore(const Score& score, Completion& completion);

// Scores every completion of the group in this process.
void ScoreGroup(const Rubric& rubric, Group& group);

}  // namespace r1zero
