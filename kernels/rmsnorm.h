// RMSNorm (https://arxiv.org/abs/1910.07467): y = x / sqrt(mean(x^2) + eps) * weight, per row.
//
// The mean of squares is summed by rule 3 of docs/numerics.md (16 interleaved partial sums, then a
// fixed tree), so a row's bits depend on that row only.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// inv_rms_M (1 / sqrt(mean + eps)) may be null when no backward follows. REQUIRES, here and below,
// that the arguments do not overlap.
void RmsNorm(const float* x_MD, const float* weight_D, float eps, float* y_MD, float* inv_rms_M,
             int64_t M, int64_t D, ThreadPool& pool);

// Writes dx_MD.
void RmsNormBackward(const float* dy_MD, const float* x_MD, const float* weight_D,
                     const float* inv_rms_M, float* dx_MD, int64_t M, int64_t D, ThreadPool& pool);
// Accumulates over m ascending into what is in dweight. On the calling thread, for some columns:
// dy, x and dweight point at the first of them, rows of dy and x are `ld` apart.
void RmsNormWeightGradient(const float* dy_M, const float* x_M, int64_t ld, const float* inv_rms_M,
                           float* dweight, int64_t M, int64_t columns);

}  // namespace r1zero::kernels
