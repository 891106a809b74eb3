// Vector forms of math.h and the reductions of rule 3 (docs/numerics.md), for every Highway target.
//
// A kernel includes this after hwy/foreach_target.h and hwy/highway.h, and calls it inside
// r1zero::kernels::HWY_NAMESPACE. Each lane is computed alone, from the same operations whatever
// the tag `d` (float, at most 16 lanes), so a lane's bits do not depend on the vector width.
#if defined(R1ZERO_KERNELS_MATH_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1ZERO_KERNELS_MATH_INL_H_
#undef R1ZERO_KERNELS_MATH_INL_H_
#else
#define R1ZERO_KERNELS_MATH_INL_H_
#endif

#include <cmath>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

// Sixteen floats are one AVX-512 register, two of AVX2 or four of NEON.
using Floats16 = hn::CappedTag<float, 16>;
using Float1 = hn::CappedTag<float, 1>;

template <class D>
using VecOf = hn::Vec<D>;

// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln(2) / 2; exp(r) = 1 + r + r^2 q(r) with q a
// minimax polynomial of degree 4 (relative error 2^-28).
template <class D, class V = VecOf<D>>
HWY_INLINE V Exp(D d, V x) {
  const hn::RebindToSigned<D> di;
  // Adding 1.5 * 2^23 rounds to an integer and leaves it in the low bits of the sum.
  const V shifter = hn::Set(d, 12582912.0f);
  const V shifted = hn::MulAdd(x, hn::Set(d, 1.44269504f), shifter);
  const V n = hn::Sub(shifted, shifter);
  V r = hn::NegMulAdd(n, hn::Set(d, 0.693115234f), x);  // ln 2 with trailing zeros: n * it is exact
  r = hn::NegMulAdd(n, hn::Set(d, 3.19461833e-05f), r);

  V q = hn::Set(d, 0.00138145254f);
  q = hn::MulAdd(q, r, hn::Set(d, 0.0083687501f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.0416683927f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.166665196f));
  q = hn::MulAdd(q, r, hn::Set(d, 0.49999994f));
  const V exp_r = hn::Add(hn::MulAdd(hn::Mul(r, r), q, r), hn::Set(d, 1.0f));

  // 2^n exp(r) is a normal number for every x in range, so adding n to the exponent is exact.
  const auto exponent = hn::ShiftLeft<23>(hn::BitCast(di, shifted));
  V y = hn::BitCast(d, hn::Add(hn::BitCast(di, exp_r), exponent));
  y = hn::IfThenElseZero(hn::Ge(x, hn::Set(d, -87.3f)), y);
  y = hn::IfThenElse(hn::Gt(x, hn::Set(d, 88.7228317f)),
                     hn::Set(d, std::numeric_limits<float>::infinity()), y);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

// log(x) = e ln 2 + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2); log(1 + f) = f - f^2 / 2 + f^3 q(f)
// with q a minimax polynomial of degree 7 (relative error 2^-27).
template <class D, class V = VecOf<D>>
HWY_INLINE V Log(D d, V x) {
  const hn::RebindToSigned<D> di;
  const V infinity = hn::Set(d, std::numeric_limits<float>::infinity());
  const V zero = hn::Zero(d);
  const auto subnormal = hn::Lt(x, hn::Set(d, std::numeric_limits<float>::min()));
  const V scaled = hn::IfThenElse(subnormal, hn::Mul(x, hn::Set(d, 16777216.0f)), x);  // 2^24

  const auto sqrt_half = hn::Set(di, 0x3f3504f3);
  const auto bits = hn::BitCast(di, scaled);
  const auto exponent = hn::ShiftRight<23>(hn::Sub(bits, sqrt_half));
  const V m = hn::BitCast(d, hn::Sub(bits, hn::ShiftLeft<23>(exponent)));
  const V f = hn::Sub(m, hn::Set(d, 1.0f));
  V e = hn::ConvertTo(d, exponent);
  e = hn::Sub(e, hn::IfThenElseZero(subnormal, hn::Set(d, 24.0f)));

  V q = hn::Set(d, -0.0763565376f);
  q = hn::MulAdd(q, f, hn::Set(d, 0.127633259f));
  q = hn::MulAdd(q, f, hn::Set(d, -0.131605819f));
  q = hn::MulAdd(q, f, hn::Set(d, 0.142015532f));
  q = hn::MulAdd(q, f, hn::Set(d, -0.166232988f));
  q = hn::MulAdd(q, f, hn::Set(d, 0.200012341f));
  q = hn::MulAdd(q, f, hn::Set(d, -0.250008225f));
  q = hn::MulAdd(q, f, hn::Set(d, 0.333333313f));
  V tail = hn::Mul(hn::Mul(f, f), hn::MulAdd(q, f, hn::Set(d, -0.5f)));
  tail = hn::MulAdd(e, hn::Set(d, 3.19461833e-05f), tail);
  V y = hn::MulAdd(e, hn::Set(d, 0.693115234f), hn::Add(f, tail));

  y = hn::IfThenElse(hn::Eq(x, infinity), x, y);
  y = hn::IfThenElse(hn::Eq(x, zero), hn::Neg(infinity), y);
  y = hn::IfThenElse(hn::Lt(x, zero), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), y);
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

template <class D, class V = VecOf<D>>
HWY_INLINE V Sigmoid(D d, V x) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(one, hn::Add(one, Exp(d, hn::Neg(x))));
}

// The fixed tree over 16 partial results: lane j with j + 8, then + 4, + 2, + 1.
template <class Combine>
HWY_INLINE float FoldTree16(float* HWY_RESTRICT partial, const Combine& combine) {
  for (int half = 8; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) partial[j] = combine(partial[j], partial[j + half]);
  }
  return partial[0];
}

// Rule 3. Partial result j takes the elements i = j, j + 16, j + 32, ... below n ascending, each by
// `partial = step(d, partial, i)`, where d is a float tag and the vectors hold the elements from i
// on; then the fixed tree. `step` is called with tags of several widths.
template <class Step, class Combine>
HWY_INLINE float Reduce16(int64_t n, float start, const Step& step, const Combine& combine) {
  const Floats16 d;
  constexpr int64_t kLanes = hn::MaxLanes(Floats16());
  constexpr int64_t kVectors = 16 / kLanes;
  static_assert(kVectors == 1 || kVectors == 2 || kVectors == 4);
  auto a0 = hn::Set(d, start), a1 = a0, a2 = a0, a3 = a0;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    a0 = step(d, a0, i);
    if constexpr (kVectors > 1) a1 = step(d, a1, i + kLanes);
    if constexpr (kVectors > 2) {
      a2 = step(d, a2, i + 2 * kLanes);
      a3 = step(d, a3, i + 3 * kLanes);
    }
  }
  HWY_ALIGN float partial[16];
  hn::Store(a0, d, partial);
  if constexpr (kVectors > 1) hn::Store(a1, d, partial + kLanes);
  if constexpr (kVectors > 2) {
    hn::Store(a2, d, partial + 2 * kLanes);
    hn::Store(a3, d, partial + 3 * kLanes);
  }
  const Float1 d1;
  for (int j = 0; i < n; ++i, ++j) {
    partial[j] = hn::GetLane(step(d1, hn::Set(d1, partial[j]), i));
  }
  return FoldTree16(partial, combine);
}

// Sum by rule 3 with `step` as in Reduce16, for instance Add(partial, x) or MulAdd(x, x, partial).
template <class Step>
HWY_INLINE float Sum16(int64_t n, const Step& step) {
  return Reduce16(n, 0.0f, step, [](float a, float b) HWY_ATTR { return a + b; });
}

// Maximum of x[0 .. n); -inf when n is 0. x holds no NaN.
HWY_INLINE float Max16(const float* HWY_RESTRICT x, int64_t n) {
  return Reduce16(
      n, -std::numeric_limits<float>::infinity(),
      [x](auto d, auto partial, int64_t i)
          HWY_ATTR { return hn::Max(partial, hn::LoadU(d, x + i)); },
      [](float a, float b) HWY_ATTR { return a > b ? a : b; });
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
