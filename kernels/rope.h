// Rotary position embedding (https://arxiv.org/abs/2104.09864), the half-rotation form of Llama and
// Qwen: with h = head_width / 2 and angle a_i = position * theta^(-i / h),
//
//   y[i]     = x[i] cos(a_i) - x[i + h] sin(a_i)
//   y[i + h] = x[i + h] cos(a_i) + x[i] sin(a_i)
#pragma once

#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// cos and sin of every position below max_positions. Plain data, shared by threads.
struct RopeTable {
  RopeTable(int head_width, int64_t max_positions, double theta);
  int head_width = 0;
  int64_t max_positions = 0;
  AlignedVector<float> cos_TH, sin_TH;  // [max_positions, head_width / 2]
};

enum class RopeDirection { kForward, kBackward };  // backward rotates by -angle: the gradient

// Rotates `heads` heads of each of M rows in place. x_M points at the first head of the first row;
// rows are `ld` elements apart. positions_M[m] < table.max_positions.
void Rope(float* x_M, int64_t ld, int heads, const int32_t* positions_M, int64_t M,
          const RopeTable& table, RopeDirection direction, ThreadPool& pool);

}  // namespace r1zero::kernels
