#include "kernels/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "common/error.h"
#include "kernels/head.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sampler_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// p may be logits.
void ProbabilityRow(const float* logits_V, int64_t V, float inv_temperature, float logsumexp,
                    float* p_V) {
  ForEachVector(V, [=](auto d, int64_t i) HWY_ATTR {
    const auto z = hn::Mul(hn::LoadU(d, logits_V + i), hn::Set(d, inv_temperature));
    hn::StoreU(Exp(d, hn::Sub(z, hn::Set(d, logsumexp))), d, p_V + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(ProbabilityRow);

void RequireValid(const SamplerParams& params) {
  Require(params.temperature > 0 && params.top_k >= 0 && params.top_p > 0 && params.top_p <= 1 &&
              params.min_p >= 0 && params.min_p < 1,
          "SampleToken: temperature ", params.temperature, ", top_k ", params.top_k, ", top_p ",
          params.top_p, ", min_p ", params.min_p,
          "; expected temperature > 0, top_k >= 0, top_p in (0, 1], min_p in [0, 1)");
}

bool Truncates(const SamplerParams& params) {
  return params.top_k > 0 || params.top_p < 1 || params.min_p > 0;
}

// The tokens of a row by logit descending, then by id; sorted no further than has been asked for.
class RankedTokens {
 public:
  RankedTokens(const float* logits_V, int64_t V) : logits_V_(logits_V) {
    order().resize(V);
    std::iota(order().begin(), order().end(), 0);
  }
  int32_t operator[](int64_t rank) {
    if (rank >= sorted_) SortTo(std::max<int64_t>(rank + 1, sorted_ == 0 ? 64 : 8 * sorted_));
    return order()[rank];
  }

 private:
  static std::vector<int32_t>& order() {
    thread_local std::vector<int32_t> order;
    return order;
  }
  void SortTo(int64_t end) {
    end = std::min<int64_t>(end, order().size());
    std::partial_sort(order().begin() + sorted_, order().begin() + end, order().end(),
                      [this](int32_t a, int32_t b) {
                        return logits_V_[a] != logits_V_[b] ? logits_V_[a] > logits_V_[b] : a < b;
                      });
    sorted_ = end;
  }
  const float* logits_V_;
  int64_t sorted_ = 0;
};

// How many of the ranked tokens the truncation keeps: at least the first.
int64_t KeptTokens(RankedTokens& ranked, const float* p_V, int64_t V, const SamplerParams& params) {
  const int64_t limit = params.top_k > 0 ? std::min<int64_t>(params.top_k, V) : V;
  double mass = 0;  // of the top_k set
  if (limit == V) {
    mass = std::accumulate(p_V, p_V + V, 0.0);
  } else {
    for (int64_t rank = 0; rank < limit; ++rank) mass += p_V[ranked[rank]];
  }
  const float least = params.min_p * p_V[ranked[0]];
  double kept_mass = 0;
  int64_t kept = 0;
  while (kept < limit) {
    const float p = p_V[ranked[kept]];
    const bool enough = params.top_p < 1 && kept_mass >= params.top_p * mass;
    if (kept > 0 && (enough || p < least)) break;
    kept_mass += p;
    ++kept;
  }
  return kept;
}

// masked = logits where the truncation keeps the token, -inf elsewhere.
void Truncate(const float* logits_V, int64_t V, const SamplerParams& params, float inv_temperature,
              float logsumexp, float* masked_V) {
  HWY_DYNAMIC_DISPATCH(ProbabilityRow)(logits_V, V, inv_temperature, logsumexp, masked_V);
  RankedTokens ranked(logits_V, V);
  const int64_t kept = KeptTokens(ranked, masked_V, V, params);
  std::fill_n(masked_V, V, -std::numeric_limits<float>::infinity());
  for (int64_t rank = 0; rank < kept; ++rank) masked_V[ranked[rank]] = logits_V[ranked[rank]];
}

// The first token at which the cumulative sum passes uniform * total; it has p > 0.
int32_t Invert(const float* p_V, int64_t V, float uniform) {
  const double threshold = uniform * std::accumulate(p_V, p_V + V, 0.0);
  double cumulative = 0;
  for (int64_t v = 0; v < V; ++v) {
    cumulative += p_V[v];
    if (cumulative > threshold) return static_cast<int32_t>(v);
  }
  Fail("SampleToken: uniform is ", uniform, ", expected a number in [0, 1)");
}

float CheckedLogSumExp(const float* logits_V, int64_t V, float inv_temperature) {
  const float logsumexp = LogSumExp(logits_V, V, inv_temperature);
  Require(std::isfinite(logsumexp), "SampleToken: the log-sum-exp of the logits is ", logsumexp,
          ", expected a finite number; has the policy diverged?");
  return logsumexp;
}

}  // namespace

SampledToken SampleToken(const float* logits_V, int64_t V, const SamplerParams& params,
                         float uniform, float* scratch_V) {
  RequireValid(params);
  const float inv_temperature = 1.0f / params.temperature;
  float logsumexp = CheckedLogSumExp(logits_V, V, inv_temperature);
  const float* kept_V = logits_V;
  if (Truncates(params)) {
    Truncate(logits_V, V, params, inv_temperature, logsumexp, scratch_V);
    logsumexp = CheckedLogSumExp(scratch_V, V, inv_temperature);
    kept_V = scratch_V;
  }
  HWY_DYNAMIC_DISPATCH(ProbabilityRow)(kept_V, V, inv_temperature, logsumexp, scratch_V);
  const int32_t token = Invert(scratch_V, V, uniform);
  return {.token = token, .logprob = logits_V[token] * inv_temperature - logsumexp};
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
