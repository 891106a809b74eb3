#include "kernels/rmsnorm.h"

#include <algorithm>
#include <cmath>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rmsnorm_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Writes y and returns 1 / rms.
float NormalizeRow(const float* HWY_RESTRICT x_D, const float* HWY_RESTRICT weight_D, float eps,
                   float* HWY_RESTRICT y_D, int64_t D) {
  const float sum = Sum16(D, [x_D](auto d, auto partial, int64_t i) HWY_ATTR {
    const auto x = hn::LoadU(d, x_D + i);
    return hn::MulAdd(x, x, partial);
  });
  const float inv_rms = 1.0f / std::sqrt(sum / static_cast<float>(D) + eps);
  ForEachVector(D, [=](auto d, int64_t i) HWY_ATTR {
    const auto normal = hn::Mul(hn::LoadU(d, x_D + i), hn::Set(d, inv_rms));
    hn::StoreU(hn::Mul(normal, hn::LoadU(d, weight_D + i)), d, y_D + i);
  });
  return inv_rms;
}

// With n = x inv_rms and g = dy weight: dx = inv_rms (g - n mean(g n)).
void NormalizeRowBackward(const float* HWY_RESTRICT dy_D, const float* HWY_RESTRICT x_D,
                          const float* HWY_RESTRICT weight_D, float inv_rms,
                          float* HWY_RESTRICT dx_D, int64_t D) {
  const float sum = Sum16(D, [=](auto d, auto partial, int64_t i) HWY_ATTR {
    const auto normal = hn::Mul(hn::LoadU(d, x_D + i), hn::Set(d, inv_rms));
    return hn::MulAdd(hn::Mul(hn::LoadU(d, dy_D + i), hn::LoadU(d, weight_D + i)), normal, partial);
  });
  const float mean = sum / static_cast<float>(D);
  ForEachVector(D, [=](auto d, int64_t i) HWY_ATTR {
    const auto scale = hn::Set(d, inv_rms);
    const auto normal = hn::Mul(hn::LoadU(d, x_D + i), scale);
    const auto g = hn::Mul(hn::LoadU(d, dy_D + i), hn::LoadU(d, weight_D + i));
    hn::StoreU(hn::Mul(scale, hn::NegMulAdd(normal, hn::Set(d, mean), g)), d, dx_D + i);
  });
}

// dweight += dy x inv_rms over `columns` columns of one row.
void AddWeightGradient(const float* HWY_RESTRICT dy_D, const float* HWY_RESTRICT x_D, float inv_rms,
                       float* HWY_RESTRICT dweight_D, int64_t columns) {
  ForEachVector(columns, [=](auto d, int64_t i) HWY_ATTR {
    const auto normal = hn::Mul(hn::LoadU(d, x_D + i), hn::Set(d, inv_rms));
    const auto sum = hn::MulAdd(hn::LoadU(d, dy_D + i), normal, hn::LoadU(d, dweight_D + i));
    hn::StoreU(sum, d, dweight_D + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(NormalizeRow);
HWY_EXPORT(NormalizeRowBackward);
HWY_EXPORT(AddWeightGradient);

constexpr int64_t kRowsPerTask = 32;

}  // namespace

void RmsNorm(const float* x_MD, const float* weight_D, float eps, float* y_MD, float* inv_rms_M,
             int64_t M, int64_t D, ThreadPool& pool) {
  auto& normalize = HWY_DYNAMIC_DISPATCH(NormalizeRow);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const float inv_rms = normalize(x_MD + m * D, weight_D, eps, y_MD + m * D, D);
      if (inv_rms_M != nullptr) inv_rms_M[m] = inv_rms;
    }
  });
}

void RmsNormWeightGradient(const float* dy_M, const float* x_M, int64_t ld, const float* inv_rms_M,
                           float* dweight, int64_t M, int64_t columns) {
  auto& add = HWY_DYNAMIC_DISPATCH(AddWeightGradient);
  for (int64_t m = 0; m < M; ++m) add(dy_M + m * ld, x_M + m * ld, inv_rms_M[m], dweight, columns);
}

void RmsNormBackward(const float* dy_MD, const float* x_MD, const float* weight_D,
                     const float* inv_rms_M, float* dx_MD, int64_t M, int64_t D, ThreadPool& pool) {
  auto& backward = HWY_DYNAMIC_DISPATCH(NormalizeRowBackward);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m)
      backward(dy_MD + m * D, x_MD + m * D, weight_D, inv_rms_M[m], dx_MD + m * D, D);
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
