// Rotary position embedding (https://arxiv.org/abs/2104.09864), the half-rotation form of Llama and
// Qwen: with h = head_width / 2 and angle a_i = position * theta^(-i / h),
//
//   y[i]     = x[i] cos(a_i) - x[i + h] sin(a_i)
//   y[i + h] = x[i + h] cos(a_i) + x[i] sin(a_i)
//
// Some models stretch the angles for a longer context (kernels/rope_frequencies.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/rope_frequencies.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// cos and sin of the positions below max_positions, in blocks that are computed when a position in
// them is first needed: a model's context may be far longer than any sequence of a run. When a block
// is computed changes no bit of it. Thread-safe.
class RopeTable {
 public:
  static constexpr int64_t kBlockPositions = 4096;

  // Error if head_width is odd or theta is not above 1. Computes the first block.
  RopeTable(int head_width, int64_t max_positions, double theta, const RopeScaling& scaling = {});
  int head_width() const { return 2 * half_width_; }
  int64_t max_positions() const { return max_positions_; }

  // Computes what is missing of the positions below num_positions <= max_positions. Allocates only
  // then. Error if there are fewer.
  void Reserve(int64_t num_positions) const;
  int64_t num_reserved() const { return num_reserved_.load(std::memory_order_acquire); }

  // [head_width / 2] of one position. REQUIRES position < num_reserved().
  const float* cos_H(int64_t position) const { return At(&Block::cos_TH, position); }
  const float* sin_H(int64_t position) const { return At(&Block::sin_TH, position); }

 private:
  struct Block {
    AlignedVector<float> cos_TH, sin_TH;
  };
  const float* At(AlignedVector<float> Block::*values_TH, int64_t position) const {
    const Block& block = blocks_[position / kBlockPositions];
    return (block.*values_TH).data() + position % kBlockPositions * half_width_;
  }
  void AddBlock() const;

  int half_width_;
  int64_t max_positions_;
  std::vector<double> frequencies_H_;
  mutable std::vector<Block> blocks_;  // one for each that there may be, empty until computed
  mutable std::atomic<int64_t> num_reserved_ = 0;
  mutable std::mutex growing_;
};

enum class RopeDirection { kForward, kBackward };  // backward rotates by -angle: the gradient

// Rotates `heads` heads of each of M rows in place. x_M points at the first head of the first row;
// rows are `ld` elements apart. Reserves the table up to the last position: an Error if that is not
// below table.max_positions(). REQUIRES positions_M[m] >= 0.
void Rope(float* x_M, int64_t ld, int heads, const int32_t* positions_M, int64_t M,
          const RopeTable& table, RopeDirection direction, ThreadPool& pool);

}  // namespace r1zero::kernels
