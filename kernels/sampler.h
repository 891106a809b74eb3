// Draws one token from a row of logits by inversion of the cumulative distribution, in token order.
//
// The log-probability returned is that of the distribution really sampled from: after temperature,
// and after truncation to the top_k, top_p or min_p set where one is asked for.
#pragma once

#include <cstdint>

namespace r1zero::kernels {

struct SamplerParams {
  float temperature = 1.0f;  // > 0
  int32_t top_k = 0;         // 0: off
  float top_p = 1.0f;        // in (0, 1]; 1: off
  float min_p = 0.0f;        // in [0, 1); 0: off
};

struct SampledToken {
  int32_t token = 0;
  float logprob = 0;
};

// `uniform` in [0, 1). `scratch_V`: V floats of working memory. Without truncation the logprob equals
// HeadForward's for that token bit for bit.
SampledToken SampleToken(const float* logits_V, int64_t V, const SamplerParams& params,
                         float uniform, float* scratch_V);

}  // namespace r1zero::kernels
