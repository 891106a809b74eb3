// Draws one token from a row of logits by inversion of the cumulative distribution, in token order.
//
// The order is transformers': repetition penalty (distribution.h), temperature, top_k, top_p,
// min_p. Tokens are ranked by penalised logit, equal ones by lower id; the kept set is a prefix of
// that rank: the first top_k; of these the fewest that hold at least top_p of their mass; of these
// the ones at least min_p times as probable as the first. The log-probability returned is that of
// the distribution really sampled from.
#pragma once

#include <cstdint>

#include "kernels/token_set.h"

namespace r1zero::kernels {

struct SamplerParams {
  float temperature = 1.0f;         // > 0
  int32_t top_k = 0;                // 0: off
  float top_p = 1.0f;               // in (0, 1]; 1: off
  float min_p = 0.0f;               // in [0, 1); 0: off
  float repetition_penalty = 1.0f;  // > 0; 1: off
};

// Whether some token may be left out.
bool Truncates(const SamplerParams& params);

struct SampledToken {
  int32_t token = 0;
  float logprob = 0;
};

// `uniform` in [0, 1). `scratch_V`: V floats of working memory. `seen`, of V tokens: those that the
// penalty is for; null where it is off. `kept`, if wanted, becomes the set drawn from.
//
// The logprob is HeadForward's, at inv_temperature = 1.0f / temperature, for that token and the
// distribution {kept, seen, repetition_penalty} bit for bit. A token of probability 0 is never
// drawn. Throws Error if the logits have no finite log-sum-exp.
SampledToken SampleToken(const float* logits_V, int64_t V, const SamplerParams& params,
                         float uniform, float* scratch_V, const TokenSet* seen = nullptr,
                         TokenSet* kept = nullptr);

}  // namespace r1zero::kernels
