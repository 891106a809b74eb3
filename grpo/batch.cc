#include "grpo/batch.h"

#include "common/error.h"

namespace r1zero {
namespace {

int64_t TokensToRun(const TrainingSequence& sequence, bool prompt_too) {
  return sequence.own_tokens() +
         (prompt_too ? static_cast<int64_t>(sequence.prompt->tokens.size()) : 0);
}

}  // namespace

std::vector<MicroBatch> SplitMicroBatches(std::span<const TrainingSequence> sequences,
                                          int64_t max_tokens) {
  Require(max_tokens >= 1, "micro-batches of at most ", max_tokens, " tokens");
  const auto continues = [&](size_t i) {
    return i > 0 && i < sequences.size() && sequences[i].prompt == sequences[i - 1].prompt;
  };
  std::vector<MicroBatch> micro_batches;
  size_t first = 0;
  int64_t tokens = 0;
  for (size_t i = 0; i <= sequences.size(); ++i) {
    const int64_t more = i < sequences.size() ? TokensToRun(sequences[i], !continues(i)) : 0;
    if (i > first && (i == sequences.size() || tokens + more > max_tokens)) {
      micro_batches.push_back(
          {sequences.subspan(first, i - first), continues(first), continues(i)});
      first = i;
      tokens = 0;
    }
    if (i < sequences.size()) tokens += TokensToRun(sequences[i], i == first || !continues(i));
  }
  return micro_batches;
}

}  // namespace r1zero
