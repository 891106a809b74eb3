// The distribution that a row of logits stands for, where that is not their plain softmax: what the
// sampler draws from and the head computes log-probabilities of, by the same functions.
//
//   z[v]  = penalised(logits[v]) * inv_temperature    v in kept; -inf elsewhere
//
// The repetition penalty is CTRL's (https://arxiv.org/abs/1909.05858, 4.1) with the sign rule of
// transformers: the logit of a token seen is divided by it if positive, else multiplied.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/token_set.h"

namespace r1zero::kernels {

struct RowDistribution {
  const TokenSet* kept = nullptr;   // by the truncation; null: all
  const TokenSet* seen = nullptr;   // in prompt or completion so far; null: none
  float repetition_penalty = 1.0f;  // > 0; 1: off, to the bit
};

// Turns logits in place into penalised ones, -inf outside `kept`. `slopes`, if wanted, becomes what
// ScaleGradient needs. Error if a set is not of V tokens or the penalty is not a number above 0.
void ApplyDistribution(const RowDistribution& distribution, float* logits_V, int64_t V,
                       std::vector<float>* slopes = nullptr);

// d(loss)/d(penalised logits) to d(loss)/d(logits), in place.
void ScaleGradient(const RowDistribution& distribution, const std::vector<float>& slopes,
                   float* dlogits_V);

}  // namespace r1zero::kernels
