// Which tokens top_k, top_p and min_p keep; the rule stands in sampler.h.
#pragma once

#include <cstdint>

#include "kernels/sampler.h"
#include "kernels/token_set.h"

namespace r1zero::kernels {

// p: the softmax of logits / temperature over all V tokens. No logit is NaN.
void KeepTokens(const float* logits_V, const float* p_V, int64_t V, const SamplerParams& params,
                TokenSet& kept);

}  // namespace r1zero::kernels
