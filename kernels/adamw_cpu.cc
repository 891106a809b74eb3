#include "kernels/adamw.h"

#include <algorithm>
#include <cstdint>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/adamw_cpu.cc"
#include "common/error.h"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

#ifndef R1ZERO_KERNELS_ADAMW_CPU_ONCE_
#define R1ZERO_KERNELS_ADAMW_CPU_ONCE_
namespace r1zero::kernels {
namespace {

struct AdamWConstants {
  float grad_scale, beta1, one_minus_beta1, beta2, one_minus_beta2;
  float inv_bias1, inv_bias2, eps, weight_decay, lr;
};

struct AdamWBuffers {
  float* param;
  const float* grad;
  float *m, *v;
};

}  // namespace
}  // namespace r1zero::kernels
#endif  // R1ZERO_KERNELS_ADAMW_CPU_ONCE_

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

// Elements i .. i + Lanes(d) - 1.
template <class D>
HWY_INLINE void AdamWElements(D d, const AdamWBuffers& x, int64_t i, const AdamWConstants& c) {
  const auto p = hn::LoadU(d, x.param + i);
  const auto g = hn::Mul(hn::LoadU(d, x.grad + i), hn::Set(d, c.grad_scale));
  const auto m = hn::MulAdd(hn::Set(d, c.beta1), hn::LoadU(d, x.m + i),
                            hn::Mul(hn::Set(d, c.one_minus_beta1), g));
  const auto v = hn::MulAdd(hn::Set(d, c.beta2), hn::LoadU(d, x.v + i),
                            hn::Mul(hn::Set(d, c.one_minus_beta2), hn::Mul(g, g)));
  const auto rms = hn::Sqrt(hn::Mul(v, hn::Set(d, c.inv_bias2)));
  const auto adam = hn::Div(hn::Mul(m, hn::Set(d, c.inv_bias1)), hn::Add(rms, hn::Set(d, c.eps)));
  const auto update = hn::MulAdd(hn::Set(d, c.weight_decay), p, adam);
  hn::StoreU(hn::NegMulAdd(hn::Set(d, c.lr), update, p), d, x.param + i);
  hn::StoreU(m, d, x.m + i);
  hn::StoreU(v, d, x.v + i);
}

void AdamWRange(const AdamWBuffers& x, int64_t begin, int64_t end, const AdamWConstants& c) {
  const Floats16 d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = begin;
  for (; i + lanes <= end; i += lanes) AdamWElements(d, x, i, c);
  for (; i < end; ++i) AdamWElements(Float1(), x, i, c);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(AdamWRange);

constexpr int64_t kChunk = 1 << 14;

// base^exponent by squaring: the same bits everywhere, which std::pow does not promise.
double Power(double base, int64_t exponent) {
  double power = 1;
  for (; exponent > 0; exponent /= 2, base *= base) {
    if (exponent % 2 == 1) power *= base;
  }
  return power;
}

AdamWConstants ConstantsOf(const AdamWStep& step) {
  const auto rounded = [](double x) { return static_cast<float>(x); };
  return {.grad_scale = rounded(step.grad_scale),
          .beta1 = rounded(step.beta1),
          .one_minus_beta1 = rounded(1 - step.beta1),
          .beta2 = rounded(step.beta2),
          .one_minus_beta2 = rounded(1 - step.beta2),
          .inv_bias1 = rounded(1 / (1 - Power(step.beta1, step.step))),
          .inv_bias2 = rounded(1 / (1 - Power(step.beta2, step.step))),
          .eps = rounded(step.eps),
          .weight_decay = rounded(step.weight_decay),
          .lr = rounded(step.lr)};
}

}  // namespace

void AdamW(float* param, const float* grad, float* m, float* v, int64_t n, const AdamWStep& step,
           ThreadPool& pool) {
  Require(step.step >= 1, "AdamW: step ", step.step, "; expected 1 or more");
  const AdamWConstants constants = ConstantsOf(step);
  const AdamWBuffers buffers = {param, grad, m, v};
  pool.ParallelFor((n + kChunk - 1) / kChunk, [&](int64_t chunk) {
    HWY_DYNAMIC_DISPATCH(AdamWRange)
    (buffers, chunk * kChunk, std::min(n, (chunk + 1) * kChunk), constants);
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
