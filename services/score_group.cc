#include "services/score_group.h"

namespace r1zero {
namespace {

// Distinct for each (use, ordinal, sample).
uint64_t RandomKey(const Prompt& prompt, size_t sample) {
  return static_cast<uint64_t>(prompt.use) << 63 | static_cast<uint64_t>(prompt.ordinal) << 16 | sample;
}

}  // namespace

Judged MakeJudged(const Group& group, size_t sample) {
  const Completion& completion = group.completions[sample];
  return {.prompt = group.prompt.text,
          .completion = completion.text,
          .gold = group.prompt.gold,
          .truncated = completion.finish_reason == FinishReason::kLength,
          .random_key = RandomKey(group.prompt, sample)};
}

void ApplyScore(const Score& score, Completion& completion) {
  completion.reward = score.reward;
  completion.undecided = score.undecided;
  completion.parts.clear();
  for (const RewardPart& part : score.parts)
    completion.parts.push_back({.name = part.name,
                                .weight = part.weight,
                                .score = part.verdict.score,
                                .undecided = part.verdict.outcome == Outcome::kUndecided,
                                .reason = part.verdict.reason});
}

void ScoreGroup(const Rubric& rubric, Group& group) {
  for (size_t i = 0; i < group.completions.size(); ++i)
    ApplyScore(rubric.Judge(MakeJudged(group, i)), group.completions[i]);
}

}  // namespace r1zero
