// Matrix products of the bit contract (docs/numerics.md, rule 1 and 2).
//
//   forward         y[m, n]   = sum_k x[m, k] * w[n, k]          (a Hugging Face Linear: w is [N, K])
//   input gradient  dx[m, k]  = sum_n dy[m, n] * w[n, k]
//   weight gradient dw[n, k] += sum_m dy[m, n] * x[m, k]
//
// Each output element is one accumulator, fused multiply-add over the reduced index ascending: from
// zero in the first two, from the value that is there in the third. So an element's bits depend on
// nothing but its own inputs: not on M, its row, the threads, the SIMD width, or how a step is split
// into micro-batches. float32, row-major; `ld` is the distance between rows in elements.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/aligned.h"
#include "kernels/bfloat16.h"
#include "kernels/read_ahead.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// A matrix B[K, N] repacked into panels of 16 columns, panel[n / 16][k][16], zero-padded, so that the
// inner loop reads it in order. Plain data; safe to share between threads once packed. `storage`, set
// before packing, says which of the two holds it; bfloat16 rounds the weights and nothing else.
struct PackedMatrix {
  int64_t K = 0;  // the reduced dimension
  int64_t N = 0;  // the outputs
  Storage storage = Storage::kFloat32;
  AlignedVector<float> panels;
  AlignedVector<Bfloat16> bfloat16_panels;
};

// For the forward product: B[k, n] = w[n, k].
void PackForward(const float* w_NK, int64_t N, int64_t K, PackedMatrix& packed);
// For the input gradient: B[n, k] = w[n, k], that is packed.K = N and packed.N = K.
void PackInputGradient(const float* w_NK, int64_t N, int64_t K, PackedMatrix& packed);

// y[m, n] = sum over k of x[m, k] * B[k, n], for M rows. `ahead`, for one thread only, is told as the
// entries that PlanMatMul made of b are reached; what comes behind them is asked for meanwhile.
void MatMul(const float* x_MK, int64_t ldx, const PackedMatrix& b, float* y_MN, int64_t ldy,
            int64_t M, ThreadPool& pool, ReadAhead* ahead = nullptr);

// The next entries of the plan: b as MatMul reads it. `cached`: the cache holds it already.
void PlanMatMul(const PackedMatrix& b, bool cached, ReadAhead& ahead);
// How many they are.
int64_t NumPlanEntries(const PackedMatrix& b);

// dw[n, k] = fma over m ascending of dy[m, n] * x[m, k], starting from dw[n, k].
void AccumulateWeightGradient(const float* dy_MN, int64_t lddy, const float* x_MK, int64_t ldx,
                              float* dw_NK, int64_t M, int64_t N, int64_t K, ThreadPool& pool);

}  // namespace r1zero::kernels
