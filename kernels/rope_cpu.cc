#include "kernels/rope.h"

#include <algorithm>

#include "common/error.h"
#include "kernels/math.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/rope_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/elementwise-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Rotates the pairs (low[i], high[i]) of one head; `sign` is -1 for the inverse rotation.
void RotateHead(float* HWY_RESTRICT low_H, float* HWY_RESTRICT high_H,
                const float* HWY_RESTRICT cos_H, const float* HWY_RESTRICT sin_H, float sign,
                int64_t half_width) {
  ForEachVector(half_width, [=](auto d, int64_t i) HWY_ATTR {
    const auto cos = hn::LoadU(d, cos_H + i);
    const auto sin = hn::Mul(hn::LoadU(d, sin_H + i), hn::Set(d, sign));
    const auto low = hn::LoadU(d, low_H + i);
    const auto high = hn::LoadU(d, high_H + i);
    hn::StoreU(hn::NegMulAdd(high, sin, hn::Mul(low, cos)), d, low_H + i);
    hn::StoreU(hn::MulAdd(low, sin, hn::Mul(high, cos)), d, high_H + i);
  });
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(RotateHead);

constexpr int64_t kRowsPerTask = 64;

}  // namespace

RopeTable::RopeTable(int head_width, int64_t max_positions, double theta,
                     const RopeScaling& scaling)
    : half_width_(head_width / 2), max_positions_(max_positions) {
  Require(head_width > 0 && head_width % 2 == 0, "RopeTable: head_width is ", head_width,
          ", expected a positive even number");
  Require(max_positions > 0, "RopeTable: max_positions is ", max_positions,
          ", expected at least 1");
  Require(theta > 1, "RopeTable: theta is ", theta, ", expected more than 1");
  frequencies_H_ = RopeFrequencies(head_width, theta, scaling);
  blocks_.resize((max_positions + kBlockPositions - 1) / kBlockPositions);
  Reserve(std::min(max_positions, kBlockPositions));
}

void RopeTable::Reserve(int64_t num_positions) const {
  if (num_positions <= num_reserved()) return;
  Require(num_positions <= max_positions_, "RopeTable: ", num_positions,
          " positions, expected at most max_positions ", max_positions_);
  const std::lock_guard lock(growing_);
  while (num_reserved() < num_positions) AddBlock();
}

void RopeTable::AddBlock() const {
  const int64_t first = num_reserved(), end = std::min(first + kBlockPositions, max_positions_);
  Block& block = blocks_[first / kBlockPositions];
  block.cos_TH.resize((end - first) * half_width_);
  block.sin_TH.resize((end - first) * half_width_);
  for (int64_t t = first, at = 0; t < end; ++t)
    for (int i = 0; i < half_width_; ++i, ++at)
      SinCos(static_cast<double>(t) * frequencies_H_[i], &block.sin_TH[at], &block.cos_TH[at]);
  num_reserved_.store(end, std::memory_order_release);
}

void Rope(float* x_M, int64_t ld, int heads, const int32_t* positions_M, int64_t M,
          const RopeTable& table, RopeDirection direction, ThreadPool& pool) {
  if (M == 0) return;
  table.Reserve(int64_t{*std::max_element(positions_M, positions_M + M)} + 1);
  const int64_t half_width = table.head_width() / 2;
  const float sign = direction == RopeDirection::kForward ? 1.0f : -1.0f;
  auto& rotate = HWY_DYNAMIC_DISPATCH(RotateHead);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const float* cos_H = table.cos_H(positions_M[m]);
      const float* sin_H = table.sin_H(positions_M[m]);
      for (int n = 0; n < heads; ++n) {
        float* head = x_M + m * ld + n * table.head_width();
        rotate(head, head + half_width, cos_H, sin_H, sign, half_width);
      }
    }
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
