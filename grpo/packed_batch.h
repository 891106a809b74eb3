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

// Error naming the prompt if a completion is empty or its log-probabilities are not one a token.
PackedBatch PackSequences(const MicroBatch& micro_batch);

}  // namespace r1zero
