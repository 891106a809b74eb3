#include "services/scoring.h"

#include <cmath>

#include "common/error.h"
#include "common/philox.h"
#include "common/sha256.h"

namespace r1zero {
namespace {

// Names one completion of a run: a mix of all that identifies it.
uint64_t RandomKey(uint64_t seed, const Prompt& prompt, uint32_t sample) {
  const auto ordinal = static_cast<uint64_t>(prompt.ordinal);
  const PhiloxBlock block =
      Philox({static_cast<uint32_t>(ordinal), static_cast<uint32_t>(ordinal >> 32), sample,
              static_cast<uint32_t>(prompt.use)},
             {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return uint64_t{block[0]} << 32 | block[1];
}

void CheckScore(const Score& score, const Completion& completion, size_t sample) {
  Require(score.judged_sha256 == Sha256Hex(completion.text), "score ", sample,
          " is of another text: it judged ", score.judged_sha256, ", the completion is ",
          Sha256Hex(completion.text));
  Require(score.undecided || std::isfinite(score.reward), "score ", sample, " has reward ",
          score.reward, ", expected a finite number");
  for (const RewardPart& part : score.parts) {
    Require(part.verdict.outcome == Outcome::kUndecided || std::isfinite(part.verdict.score),
            "score ", sample, ": part '", part.name, "' has score ", part.verdict.score,
            ", expected a finite number");
  }
}

void Apply(Completion& completion, const Score& score) {
  completion.undecided = score.undecided;
  completion.reward = score.undecided ? 0 : score.reward;
  completion.parts.clear();
  for (const RewardPart& part : score.parts) {
    const bool undecided = part.verdict.outcome == Outcome::kUndecided;
    completion.parts.push_back({.name = part.name,
                                .weight = part.weight,
                                .score = undecided ? 0 : part.verdict.score,
                                .undecided = undecided,
                                .reason = part.verdict.reason,
                                .extracted = part.verdict.extracted});
  }
}

}  // namespace

std::vector<Judged> ToJudged(const Group& group, uint64_t seed) {
  std::vector<Judged> judged;
  judged.reserve(group.completions.size());
  for (size_t sample = 0; sample < group.completions.size(); ++sample) {
    const Completion& completion = group.completions[sample];
    judged.push_back({.prompt = group.prompt.text,
                      .completion = completion.text,
                      .gold = group.prompt.gold,
                      .truncated = completion.finish_reason == FinishReason::kLength,
                      .random_key = RandomKey(seed, group.prompt, static_cast<uint32_t>(sample))});
  }
  return judged;
}

void ApplyScores(Group& group, const std::vector<Score>& scores) {
  Require(scores.size() == group.completions.size(), "there are ", scores.size(), " scores for ",
          group.completions.size(), " completions");
  for (size_t i = 0; i < scores.size(); ++i) CheckScore(scores[i], group.completions[i], i);
  for (size_t i = 0; i < scores.size(); ++i) Apply(group.completions[i], scores[i]);
}

void ScoreGroup(Group& group, uint64_t seed, const Rubric& rubric) {
  std::vector<Score> scores;
  for (const Judged& judged : ToJudged(group, seed)) scores.push_back(rubric.Judge(judged));
  ApplyScores(group, scores);
}

}  // namespace r1zero
