// Groups become packed micro-batches: whole completions, no padding, at most a token budget.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "rollout/group.h"

namespace r1zero {

// One completion with what the loss needs of it.
struct TrainingSequence {
  const Prompt* prompt = nullptr;
  const Completion* completion = nullptr;
  float advantage = 0;
  double token_weight = 0;
  int64_t num_tokens() const {
    return static_cast<int64_t>(prompt->tokens.size() + completion->tokens.size());
  }
};

// Splits in order, greedily: each micro-batch holds sequences of at most `max_tokens` in all (one
// longer sequence is a micro-batch of its own).
std::vector<std::span<const TrainingSequence>> SplitMicroBatches(
    std::span<const TrainingSequence> sequences, int64_t max_tokens);

}  // namespace r1zero
