#include "kernels/gradient_norm.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/gradient_norm_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

using Doubles8 = hn::CappedTag<double, 8>;

HWY_INLINE hn::Vec<Doubles8> AddSquares(hn::Vec<Doubles8> partial, const float* x) {
  const Doubles8 d;
  const auto wide = hn::PromoteTo(d, hn::LoadU(hn::Rebind<float, Doubles8>(), x));
  return hn::MulAdd(wide, wide, partial);
}

double SumOfSquares(const float* x, int64_t n) {
  const Doubles8 d;
  constexpr int64_t kWidth = hn::MaxLanes(Doubles8());
  constexpr int64_t kVectors = 8 / kWidth;
  static_assert(kVectors == 1 || kVectors == 2 || kVectors == 4);
  auto a0 = hn::Zero(d), a1 = a0, a2 = a0, a3 = a0;
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    a0 = AddSquares(a0, x + i);
    if constexpr (kVectors > 1) a1 = AddSquares(a1, x + i + kWidth);
    if constexpr (kVectors > 2) {
      a2 = AddSquares(a2, x + i + 2 * kWidth);
      a3 = AddSquares(a3, x + i + 3 * kWidth);
    }
  }
  HWY_ALIGN double partial[8];
  hn::Store(a0, d, partial);
  if constexpr (kVectors > 1) hn::Store(a1, d, partial + kWidth);
  if constexpr (kVectors > 2) {
    hn::Store(a2, d, partial + 2 * kWidth);
    hn::Store(a3, d, partial + 3 * kWidth);
  }
  for (int j = 0; i < n; ++i, ++j) {
    const double wide = x[i];
    partial[j] += wide * wide;  // the square is exact, so fused or not is the same
  }
  for (int half = 4; half > 0; half /= 2) {
    for (int j = 0; j < half; ++j) partial[j] += partial[j + half];
  }
  return partial[0];
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(SumOfSquares);

constexpr int64_t kChunk = 4096;
constexpr int64_t kChunksPerTask = 8;

}  // namespace

double GradientNorm(const float* grad, int64_t n, ThreadPool& pool) {
  const int64_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<double> sums(chunks);
  pool.ParallelFor((chunks + kChunksPerTask - 1) / kChunksPerTask, [&](int64_t task) {
    const int64_t end = std::min(chunks, (task + 1) * kChunksPerTask);
    for (int64_t c = task * kChunksPerTask; c < end; ++c) {
      const int64_t size = std::min(kChunk, n - c * kChunk);
      sums[c] = HWY_DYNAMIC_DISPATCH(SumOfSquares)(grad + c * kChunk, size);
    }
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return std::sqrt(total);
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
