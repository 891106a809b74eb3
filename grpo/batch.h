// Groups become packed micro-batches: whole completions, no padding, a prompt once for all of its
// completions, at most a token budget.
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
  // To run after the prompt: a completion's last token is a target only.
  int64_t own_tokens() const { return static_cast<int64_t>(completion->tokens.size()) - 1; }
};

// The completions of a prompt are neighbours: within a micro-batch its tokens are run once.
struct MicroBatch {
  std::span<const TrainingSequence> sequences;
  // More completions of the first prompt are in the micro-batch before, of the last in the next.
  bool continues_before = false, continues_behind = false;
};

// Splits in order, greedily: each micro-batch runs at most `max_tokens` tokens (a longer completion
// with its prompt is a micro-batch of its own).
std::vector<MicroBatch> SplitMicroBatches(std::span<const TrainingSequence> sequences,
                                          int64_t max_tokens);

}  // namespace r1zero
