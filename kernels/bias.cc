#include "kernels/bias.h"

namespace r1zero::kernels {

// One rounding an element: whatever vectors the compiler chooses, the bits are the same.
void AddBias(float* y_MN, int64_t ldy, const float* bias_N, int64_t M, int64_t N) {
  for (int64_t m = 0; m < M; ++m) {
    float* __restrict y_N = y_MN + m * ldy;
    for (int64_t n = 0; n < N; ++n) y_N[n] += bias_N[n];
  }
}

void AccumulateBiasGradient(const float* dy_M, int64_t lddy, float* dbias, int64_t M,
                            int64_t columns) {
  for (int64_t m = 0; m < M; ++m) {
    const float* __restrict dy = dy_M + m * lddy;
    for (int64_t n = 0; n < columns; ++n) dbias[n] += dy[n];
  }
}

}  // namespace r1zero::kernels
