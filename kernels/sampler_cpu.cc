#include "kernels/sampler.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "common/error.h"
#include "kernels/distribution.h"
#include "kernels/scratch.h"
#include "kernels/truncation.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/sampler_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"
#include "kernels/softmax-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// The log-sum-exp of z = logits * inv_temperature; exp_V becomes exp(z - max), up to V rounded up
// to 16.
float ExpRow(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature,
             float* HWY_RESTRICT exp_V) {
  return LogSumExpOf(logits_V, V, inv_temperature,
                     [=](auto d, int64_t i, auto e) HWY_ATTR { hn::StoreU(e, d, exp_V + i); });
}

void ProbabilityRow(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature,
                    float logsumexp, float* HWY_RESTRICT p_V) {
  ForEachVector(V, [=](auto d, int64_t i) HWY_ATTR {
    const auto z = hn::Mul(hn::LoadU(d, logits_V + i), hn::Set(d, inv_temperature));
    hn::StoreU(Exp(d, hn::Sub(z, hn::Set(d, logsumexp))), d, p_V + i);
  });
}

// sums[b] = the sum of block b by rule 3.
void BlockSums(const float* HWY_RESTRICT x_V, int64_t V, int64_t block, float* sums) {
  for (int64_t begin = 0; begin < V; begin += block) {
    const float* x = x_V + begin;
    *sums++ = Sum16(std::min(block, V - begin), [=](auto d, auto partial, int64_t i) HWY_ATTR {
      return hn::Add(partial, hn::LoadU(d, x + i));
    });
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(ExpRow);
HWY_EXPORT(ProbabilityRow);
HWY_EXPORT(BlockSums);

void RequireValid(const SamplerParams& params, float uniform, const TokenSet* seen) {
  Require(params.temperature > 0 && params.top_k >= 0 && params.top_p > 0 && params.top_p <= 1 &&
              params.min_p >= 0 && params.min_p < 1,
          "SampleToken: temperature ", params.temperature, ", top_k ", params.top_k, ", top_p ",
          params.top_p, ", min_p ", params.min_p,
          "; expected temperature > 0, top_k >= 0, top_p in (0, 1], min_p in [0, 1)");
  Require(uniform >= 0 && uniform < 1, "SampleToken: uniform is ", uniform,
          ", expected a number in [0, 1)");
  Require(params.repetition_penalty == 1 || seen != nullptr, "SampleToken: repetition_penalty is ",
          params.repetition_penalty, ", but the tokens seen are not given");
}

constexpr int64_t kBlock = 64;  // tokens

// Cumulative sums by block in double, then by token within a block: the first token at which the
// sum passes uniform * total. Where a block's own rounding lets the tokens fall short of its sum,
// its last token of weight > 0.
int32_t Invert(const float* weights_V, int64_t V, float uniform) {
  thread_local AlignedVector<float> sums_buffer;
  thread_local std::vector<double> ends;  // of the blocks, in the cumulative sum
  const int64_t num_blocks = (V + kBlock - 1) / kBlock;
  float* sums = Scratch(sums_buffer, num_blocks);
  HWY_DYNAMIC_DISPATCH(BlockSums)(weights_V, V, kBlock, sums);
  ends.resize(num_blocks);
  double cumulative = 0;
  for (int64_t b = 0; b < num_blocks; ++b) ends[b] = cumulative += sums[b];

  const double threshold = uniform * ends.back();
  const int64_t b = std::ranges::upper_bound(ends, threshold) - ends.begin();
  cumulative = b == 0 ? 0 : ends[b - 1];
  int64_t token = -1;
  for (int64_t v = b * kBlock; v < std::min(V, (b + 1) * kBlock) && cumulative <= threshold; ++v) {
    cumulative += weights_V[v];
    if (weights_V[v] > 0) token = v;
  }
  return static_cast<int32_t>(token);
}

// exp_V: V floats, rounded up to 16.
float CheckedExpRow(const float* logits_V, int64_t V, float inv_temperature, float* exp_V) {
  const float logsumexp = HWY_DYNAMIC_DISPATCH(ExpRow)(logits_V, V, inv_temperature, exp_V);
  Require(std::isfinite(logsumexp), "SampleToken: the log-sum-exp of the logits is ", logsumexp,
          ", expected a finite number; has the policy diverged?");
  return logsumexp;
}

// The row after penalty and truncation: `logits_V` itself, or scratch_V.
const float* Adjust(const float* logits_V, int64_t V, const SamplerParams& params,
                    const TokenSet* seen, float* scratch_V, float* p_V, TokenSet* kept) {
  thread_local TokenSet own_kept;
  const bool penalises = params.repetition_penalty != 1;
  if (kept == nullptr && Truncates(params)) kept = &own_kept;
  if (kept != nullptr && kept->vocab_size() != V) *kept = TokenSet(V);
  if (kept != nullptr && !Truncates(params)) kept->AddAll();
  if (!penalises && !Truncates(params)) return logits_V;

  std::copy_n(logits_V, V, scratch_V);
  if (penalises)
    ApplyDistribution({.seen = seen, .repetition_penalty = params.repetition_penalty}, scratch_V,
                      V);
  if (!Truncates(params)) return scratch_V;
  const float inv_temperature = 1.0f / params.temperature;
  const float logsumexp = CheckedExpRow(scratch_V, V, inv_temperature, p_V);
  HWY_DYNAMIC_DISPATCH(ProbabilityRow)(scratch_V, V, inv_temperature, logsumexp, p_V);
  KeepTokens(scratch_V, p_V, V, params, *kept);
  ApplyDistribution({.kept = kept}, scratch_V, V);
  return scratch_V;
}

}  // namespace

bool Truncates(const SamplerParams& params) {
  return params.top_k > 0 || params.top_p < 1 || params.min_p > 0;
}

SampledToken SampleToken(const float* logits_V, int64_t V, const SamplerParams& params,
                         float uniform, float* scratch_V, const TokenSet* seen, TokenSet* kept) {
  thread_local AlignedVector<float> buffer;
  RequireValid(params, uniform, seen);
  float* weights_V = Scratch(buffer, (V + 15) / 16 * 16);
  const float inv_temperature = 1.0f / params.temperature;
  const float* row_V = Adjust(logits_V, V, params, seen, scratch_V, weights_V, kept);
  const float logsumexp = CheckedExpRow(row_V, V, inv_temperature, weights_V);
  const int32_t token = Invert(weights_V, V, uniform);
  return {.token = token, .logprob = row_V[token] * inv_temperature - logsumexp};
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
