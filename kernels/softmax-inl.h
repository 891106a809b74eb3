// Reductions of one row of logits, z[v] = logits[v] * inv_temperature, by rule 3
// (docs/numerics.md): what the head and the sampler share. A token masked by -inf counts for
// nothing.
//
// Include after math-inl.h, inside the same rules.
#if defined(R1ZERO_KERNELS_SOFTMAX_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1ZERO_KERNELS_SOFTMAX_INL_H_
#undef R1ZERO_KERNELS_SOFTMAX_INL_H_
#else
#define R1ZERO_KERNELS_SOFTMAX_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Reduce16 of a row by `partial = step(d, partial, x, i)`, x pointing at the logits from i on. The
// last sixteen, if not full, are filled up with -inf, which changes no maximum and adds +0 to a sum
// of exponentials: a row's tail costs one vector, and `i` runs to V rounded up to 16.
template <class Step, class Combine>
HWY_INLINE float ReduceRow(const float* HWY_RESTRICT logits_V, int64_t V, float start,
                           const Step& step, const Combine& combine) {
  const Floats16 d;
  constexpr int64_t kLanes = hn::MaxLanes(Floats16());
  constexpr int64_t kVectors = 16 / kLanes;
  static_assert(kVectors == 1 || kVectors == 2 || kVectors == 4);
  auto a0 = hn::Set(d, start), a1 = a0, a2 = a0, a3 = a0;
  const auto sixteen = [&](const float* x, int64_t i) HWY_ATTR {
    a0 = step(d, a0, x, i);
    if constexpr (kVectors > 1) a1 = step(d, a1, x + kLanes, i + kLanes);
    if constexpr (kVectors > 2) {
      a2 = step(d, a2, x + 2 * kLanes, i + 2 * kLanes);
      a3 = step(d, a3, x + 3 * kLanes, i + 3 * kLanes);
    }
  };
  int64_t i = 0;
  for (; i + 16 <= V; i += 16) sixteen(logits_V + i, i);
  if (i < V) {
    HWY_ALIGN float tail[16];
    std::fill_n(tail, 16, -std::numeric_limits<float>::infinity());
    std::copy(logits_V + i, logits_V + V, tail);
    sixteen(tail, i);
  }
  HWY_ALIGN float partial[16];
  hn::Store(a0, d, partial);
  if constexpr (kVectors > 1) hn::Store(a1, d, partial + kLanes);
  if constexpr (kVectors > 2) {
    hn::Store(a2, d, partial + 2 * kLanes);
    hn::Store(a3, d, partial + 3 * kLanes);
  }
  return FoldTree16(partial, combine);
}

HWY_INLINE float MaxOf(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature) {
  return ReduceRow(
      logits_V, V, -std::numeric_limits<float>::infinity(),
      [=](auto d, auto partial, const float* x, int64_t) HWY_ATTR {
        return hn::Max(partial, hn::Mul(hn::LoadU(d, x), hn::Set(d, inv_temperature)));
      },
      [](float a, float b) HWY_ATTR { return a > b ? a : b; });
}

// Calls keep(d, i, exp(z - max)) for the vectors on the way.
template <class Keep>
HWY_INLINE float LogSumExpOf(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature,
                             const Keep& keep) {
  const float max = MaxOf(logits_V, V, inv_temperature);
  const float sum = ReduceRow(
      logits_V, V, 0.0f,
      [=](auto d, auto partial, const float* x, int64_t i) HWY_ATTR {
        const auto z = hn::Mul(hn::LoadU(d, x), hn::Set(d, inv_temperature));
        const auto e = Exp(d, hn::Sub(z, hn::Set(d, max)));
        keep(d, i, e);
        return hn::Add(partial, e);
      },
      [](float a, float b) HWY_ATTR { return a + b; });
  return max + hn::GetLane(Log(Float1(), hn::Set(Float1(), sum)));
}

HWY_INLINE float EntropyOf(const float* HWY_RESTRICT logits_V, int64_t V, float inv_temperature,
                           float logsumexp) {
  const float mean = ReduceRow(
      logits_V, V, 0.0f,
      [=](auto d, auto partial, const float* x, int64_t) HWY_ATTR {
        const auto z = hn::Mul(hn::LoadU(d, x), hn::Set(d, inv_temperature));
        const auto p = Exp(d, hn::Sub(z, hn::Set(d, logsumexp)));
        return hn::MulAdd(p, hn::IfThenElseZero(hn::Gt(p, hn::Zero(d)), z), partial);
      },
      [](float a, float b) HWY_ATTR { return a + b; });
  return logsumexp - mean;
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
