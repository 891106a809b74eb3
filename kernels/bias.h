// A vector added to every row. Rows are `ld` elements apart.
#pragma once

#include <cstdint>

namespace r1zero::kernels {

// y[m, n] += bias[n]: one addition after the product, on the calling thread.
void AddBias(float* y_MN, int64_t ldy, const float* bias_N, int64_t M, int64_t N);

// dbias[n] += dy[m, n] over m ascending into what is there, on the calling thread, for some columns:
// dy and dbias point at the first of them.
void AccumulateBiasGradient(const float* dy_M, int64_t lddy, float* dbias, int64_t M,
                            int64_t columns);

}  // namespace r1zero::kernels
