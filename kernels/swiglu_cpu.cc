#include "kernels/swiglu.h"

#include <algorithm>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/swiglu_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

void SwiGluRow(const float* HWY_RESTRICT gate_F, const float* HWY_RESTRICT up_F,
               float* HWY_RESTRICT y_F, int64_t F) {
  ForEachVector(F, [=](auto d, int64_t i) HWY_ATTR {
    const auto gate = hn::LoadU(d, gate_F + i);
    const auto silu = hn::Mul(gate, Sigmoid(d, gate));
    hn::StoreU(hn::Mul(silu, hn::LoadU(d, up_F + i)), d, y_F + i);
  });
}

// With s = sigmoid(gate): dgate = dy up s (1 + gate (1 - s)), dup = dy gate s; and y again.
void SwiGluRowBackward(const float* HWY_RESTRICT dy_F, const float* HWY_RESTRICT gate_F,
                       const float* HWY_RESTRICT up_F, float* HWY_RESTRICT dgate_F,
                       float* HWY_RESTRICT dup_F, float* HWY_RESTRICT y_F, int64_t F) {
  ForEachVector(F, [=](auto d, int64_t i) HWY_ATTR {
    const auto one = hn::Set(d, 1.0f);
    const auto gate = hn::LoadU(d, gate_F + i), up = hn::LoadU(d, up_F + i);
    const auto sigmoid = Sigmoid(d, gate);
    const auto dy_sigmoid = hn::Mul(hn::LoadU(d, dy_F + i), sigmoid);
    const auto slope = hn::MulAdd(gate, hn::Sub(one, sigmoid), one);
    hn::StoreU(hn::Mul(hn::Mul(dy_sigmoid, up), slope), d, dgate_F + i);
    hn::StoreU(hn::Mul(dy_sigmoid, gate), d, dup_F + i);
    if (y_F != nullptr) hn::StoreU(hn::Mul(hn::Mul(gate, sigmoid), up), d, y_F + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(SwiGluRow);
HWY_EXPORT(SwiGluRowBackward);

constexpr int64_t kRowsPerTask = 16;

}  // namespace

void SwiGlu(const float* gate_up_M2F, float* y_MF, int64_t M, int64_t F, ThreadPool& pool) {
  auto& forward = HWY_DYNAMIC_DISPATCH(SwiGluRow);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const float* gate_F = gate_up_M2F + m * 2 * F;
      forward(gate_F, gate_F + F, y_MF + m * F, F);
    }
  });
}

void SwiGluBackward(const float* dy_MF, const float* gate_up_M2F, float* dgate_up_M2F, int64_t M,
                    int64_t F, ThreadPool& pool, float* y_MF) {
  auto& backward = HWY_DYNAMIC_DISPATCH(SwiGluRowBackward);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const float* gate_F = gate_up_M2F + m * 2 * F;
      float* dgate_F = dgate_up_M2F + m * 2 * F;
      float* y_F = y_MF == nullptr ? nullptr : y_MF + m * F;
      backward(dy_MF + m * F, gate_F, gate_F + F, dgate_F, dgate_F + F, y_F, F);
    }
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
