// The GRPO policy loss and its gradient, token by token.
//
//   ratio      = exp(logprob - old_logprob)
//   surrogate  = min(ratio * A, clip(ratio, 1 - clip_low, 1 + clip_high) * A)
//   kl         = k1: d    k2: d^2 / 2    k3: exp(-d) + d - 1        with d = logprob - ref_logprob
//                unbiased: ratio * k3
//   loss       = sum over tokens of weight * (kl_coef * kl - surrogate)
//
// `weight` is the aggregation: what a token counts in the whole optimizer step (TokenWeights
// below), so that micro-batches add up to the same loss and gradient however the step is split.
//
// Sources: DeepSeekMath eq. 3 and 4 (https://arxiv.org/abs/2402.03300); clip_high != clip_low is
// DAPO's (https://arxiv.org/abs/2503.14476); estimators: http://joschu.net/blog/kl-approx.html.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grpo/grpo_config.h"

namespace r1zero {

enum class Aggregation {
  kSeqMeanTokenMean,     // 1/B sum_i 1/|o_i| sum_t        GRPO
  kTokenMean,            // 1/sum_i |o_i|  sum_i sum_t     DAPO
  kSeqMeanTokenSumNorm,  // 1/B sum_i 1/L sum_t, L the maximal completion length: Dr. GRPO
  kSeqMeanTokenSum,      // 1/B sum_i sum_t
  kTokenSum,             // sum_i sum_t
};
Aggregation ParseAggregation(const std::string& name);

// The weight of each token of completion i, for all completions of an optimizer step. lengths in
// tokens, >= 1.
std::vector<double> TokenWeights(Aggregation aggregation, std::span<const int64_t> lengths,
                                 int64_t max_completion_tokens);

// One value a token, N in all; advantage and weight repeat within a completion. float32.
struct LossInputs {
  std::span<const float> logprobs_N;      // under the policy being trained
  std::span<const float> old_logprobs_N;  // under the policy that sampled the tokens
  std::span<const float> ref_logprobs_N;  // may be empty when kl_coef == 0
  std::span<const float> advantages_N;
  std::span<const double> weights_N;
};

// Sums over tokens, to be added up over micro-batches in order.
struct LossSums {
  double loss = 0, surrogate = 0, kl = 0;  // weighted as in the loss
  double tokens = 0;
  double kl_tokens = 0;                  // plain sum of the estimator
  double clipped_low = 0;                // tokens with A < 0 whose ratio lies under 1 - clip_low
  double clipped_high = 0;               // tokens with A > 0 whose ratio lies above 1 + clip_high
  double ratio_sum = 0, old_kl_sum = 0;  // mean ratio; mean of old - new (verl's ppo_kl)
  LossSums& operator+=(const LossSums& other);
};

// Writes d(loss)/d(logprob) to grad_N. Error if sizes differ, or if a ratio or a KL estimate is not
// finite: nothing is clamped but by the clip.
LossSums PolicyLoss(const LossInputs& in, const LossConfig& config, std::span<float> grad_N);

}  // namespace r1zero
