#include "grpo/loss.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "kernels/math.h"

namespace r1zero {
namespace {

// An estimate of KL(policy || reference) at one token, and its derivative by the token's logprob.
struct Kl {
  double value = 0;
  double slope = 0;
};

enum class KlEstimator { kK1, kK2, kK3, kUnbiased };

KlEstimator ParseKlEstimator(const std::string& name) {
  if (name == "k1") return KlEstimator::kK1;
  if (name == "k2") return KlEstimator::kK2;
  if (name == "k3") return KlEstimator::kK3;
  if (name == "unbiased") return KlEstimator::kUnbiased;
  Fail("grpo.kl_estimator: unknown '", name, "', expected k1, k2, k3 or unbiased");
}

// exp(-d) + d - 1. Near 0, where that cancels, by its series: to 1e-9 of its value for |d| < 1/16.
double K3(double d) {
  if (std::abs(d) < 0.0625)
    return d * d * (1.0 / 2 - d * (1.0 / 6 - d * (1.0 / 24 - d * (1.0 / 120 - d / 720))));
  return kernels::Exp(static_cast<float>(-d)) + d - 1;
}

Kl EstimateKl(KlEstimator estimator, double d, double ratio) {
  const double k3 = K3(d);
  const double k3_slope = d - k3;  // 1 - exp(-d), without its cancellation
  switch (estimator) {
    case KlEstimator::kK1: return {d, 1};
    case KlEstimator::kK2: return {d * d / 2, d};
    case KlEstimator::kUnbiased:  // the slope of ratio by logprob is the ratio
      return {ratio * k3, ratio * (k3 + k3_slope)};
    case KlEstimator::kK3: break;
  }
  return {k3, k3_slope};
}

void CheckSizes(const LossInputs& in, const LossConfig& config, size_t grad_size) {
  const size_t n = in.logprobs_N.size();
  Require(in.old_logprobs_N.size() == n && in.advantages_N.size() == n &&
              in.weights_N.size() == n && grad_size == n,
          "loss: ", n, " logprobs, but ", in.old_logprobs_N.size(), " old logprobs, ",
          in.advantages_N.size(), " advantages, ", in.weights_N.size(), " weights, room for ",
          grad_size, " gradients");
  Require(in.ref_logprobs_N.size() == n || (config.kl_coef == 0 && in.ref_logprobs_N.empty()),
          "loss: ", n, " logprobs, but ", in.ref_logprobs_N.size(),
          " reference logprobs; kl_coef is ", config.kl_coef);
}

void RequireFinite(double value, const char* what, size_t n) {
  Require(std::isfinite(value), "loss: token ", n, ": ", what, " is ", value,
          ", expected a finite number");
}

}  // namespace

Aggregation ParseAggregation(const std::string& name) {
  if (name == "seq-mean-token-mean") return Aggregation::kSeqMeanTokenMean;
  if (name == "token-mean") return Aggregation::kTokenMean;
  if (name == "seq-mean-token-sum-norm") return Aggregation::kSeqMeanTokenSumNorm;
  if (name == "seq-mean-token-sum") return Aggregation::kSeqMeanTokenSum;
  if (name == "token-sum") return Aggregation::kTokenSum;
  Fail("grpo.aggregation: unknown '", name,
       "', expected seq-mean-token-mean, token-mean, seq-mean-token-sum-norm, seq-mean-token-sum "
       "or token-sum");
}

std::vector<double> TokenWeights(Aggregation aggregation, std::span<const int64_t> lengths,
                                 int64_t max_completion_tokens) {
  for (size_t i = 0; i < lengths.size(); ++i)
    Require(lengths[i] >= 1, "token weights: completion ", i, " has ", lengths[i], " tokens");
  Require(aggregation != Aggregation::kSeqMeanTokenSumNorm || max_completion_tokens >= 1,
          "token weights: seq-mean-token-sum-norm divides by max_completion_tokens, which is ",
          max_completion_tokens);

  const double B = static_cast<double>(lengths.size());
  const double tokens = std::accumulate(lengths.begin(), lengths.end(), 0.0);
  std::vector<double> weights;
  for (int64_t length : lengths) {
    switch (aggregation) {
      case Aggregation::kSeqMeanTokenMean:
        weights.push_back(1 / (B * static_cast<double>(length)));
        break;
      case Aggregation::kTokenMean: weights.push_back(1 / tokens); break;
      case Aggregation::kSeqMeanTokenSumNorm:
        weights.push_back(1 / (B * static_cast<double>(max_completion_tokens)));
        break;
      case Aggregation::kSeqMeanTokenSum: weights.push_back(1 / B); break;
      case Aggregation::kTokenSum: weights.push_back(1); break;
    }
  }
  return weights;
}

LossSums& LossSums::operator+=(const LossSums& other) {
  loss += other.loss;
  surrogate += other.surrogate;
  kl += other.kl;
  tokens += other.tokens;
  kl_tokens += other.kl_tokens;
  clipped_low += other.clipped_low;
  clipped_high += other.clipped_high;
  ratio_sum += other.ratio_sum;
  old_kl_sum += other.old_kl_sum;
  return *this;
}

LossSums PolicyLoss(const LossInputs& in, const LossConfig& config, std::span<float> grad_N) {
  CheckSizes(in, config, grad_N.size());
  const KlEstimator estimator = ParseKlEstimator(config.kl_estimator);
  const bool has_reference = !in.ref_logprobs_N.empty();

  LossSums sums;
  for (size_t n = 0; n < grad_N.size(); ++n) {
    const double A = in.advantages_N[n];
    const double weight = in.weights_N[n];
    const float log_ratio = in.logprobs_N[n] - in.old_logprobs_N[n];
    const double ratio = kernels::Exp(log_ratio);
    RequireFinite(log_ratio, "logprob - old_logprob", n);
    RequireFinite(ratio * A * weight, "ratio * advantage * weight", n);

    const double clipped = std::clamp(ratio, 1 - config.clip_low, 1 + config.clip_high);
    const double surrogate = std::min(ratio * A, clipped * A);
    const bool clipped_low = A < 0 && ratio < 1 - config.clip_low;
    const bool clipped_high = A > 0 && ratio > 1 + config.clip_high;
    const double surrogate_slope = clipped_low || clipped_high ? 0 : ratio * A;

    Kl kl;
    if (has_reference) {
      kl = EstimateKl(estimator, static_cast<double>(in.logprobs_N[n]) - in.ref_logprobs_N[n],
                      ratio);
      RequireFinite(kl.value, "the KL estimate against the reference", n);
    }

    grad_N[n] = static_cast<float>(weight * (config.kl_coef * kl.slope - surrogate_slope));
    sums += {.loss = weight * (config.kl_coef * kl.value - surrogate),
             .surrogate = weight * surrogate,
             .kl = weight * kl.value,
             .tokens = 1,
             .kl_tokens = kl.value,
             .clipped_low = clipped_low ? 1.0 : 0.0,
             .clipped_high = clipped_high ? 1.0 : 0.0,
             .ratio_sum = ratio,
             .old_kl_sum = -static_cast<double>(log_ratio)};
  }
  return sums;
}

}  // namespace r1zero
