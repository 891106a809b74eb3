// The loop of an element-wise kernel: whole vectors, then four lanes, then one. What an element
// becomes must not depend on the tag it is computed with, and with explicit MulAdd it does not.
//
// Include after math-inl.h, inside the same rules.
#if defined(R1ZERO_KERNELS_ELEMENTWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1ZERO_KERNELS_ELEMENTWISE_INL_H_
#undef R1ZERO_KERNELS_ELEMENTWISE_INL_H_
#else
#define R1ZERO_KERNELS_ELEMENTWISE_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Calls f(d, i) so that the vectors of tag d that begin at i cover [0, n) once and nothing else.
template <class F>
HWY_INLINE void ForEachVector(int64_t n, const F& f) {
  const Floats16 d;
  const hn::CappedTag<float, 4> d4;
  constexpr int64_t kLanes = hn::MaxLanes(Floats16());
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) f(d, i);
  if constexpr (kLanes > 4) {
    for (; i + 4 <= n; i += 4) f(d4, i);
  }
  for (; i < n; ++i) f(Float1(), i);
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
