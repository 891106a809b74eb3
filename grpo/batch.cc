#include "grpo/batch.h"

#include "common/error.h"

namespace r1zero {

std::vector<std::span<const TrainingSequence>> SplitMicroBatches(
    std::span<const TrainingSequence> sequences, int64_t max_tokens) {
  Require(max_tokens >= 1, "micro-batches of at most ", max_tokens, " tokens");
  std::vector<std::span<const TrainingSequence>> micro_batches;
  size_t first = 0;
  int64_t tokens = 0;
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (i > first && tokens + sequences[i].num_tokens() > max_tokens) {
      micro_batches.push_back(sequences.subspan(first, i - first));
      first = i;
      tokens = 0;
    }
    tokens += sequences[i].num_tokens();
  }
  if (first < sequences.size()) micro_batches.push_back(sequences.subspan(first));
  return micro_batches;
}

}  // namespace r1zero
