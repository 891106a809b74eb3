// A micro-batch of completions laid out for the policy and the loss.
#pragma once

#include <vector>

#include "grpo/batch.h"
#include "policy/packed_tokens.h"

namespace r1zero {

// One row and one value a completion token, in order. A prompt is run once for the completions that
// are neighbours here, and comes after them; its last token gives the first token of each. The last
// token of a completion is a target only: nothing follows it, so the policy does not run it.
struct PackedBatch {
  PackedTokens tokens;
  LogprobRows rows;
  std::vector<float> old_logprobs_N, advantages_N;
  std::vector<double> weights_N;
};

// How the completions were sampled, beside what they bring along.
struct SampledFrom {
  int64_t vocab_size = 0;
  float repetition_penalty = 1.0f;  // 1: off
};

// The rows' distributions are those that sampled: what truncation kept, and the tokens seen by the
// repetition penalty. Error naming the prompt if a completion is empty, or its log-probabilities or
// kept sets are not one a token.
PackedBatch PackSequences(const MicroBatch& micro_batch, const SampledFrom& from = {});

}  // namespace r1zero
