// The ops of this folder written to be read: one loop nest each, in double, no threads. The tests
// hold the fast kernels to these, and these to libtorch in float64. Contracts as in the op's header.
#pragma once

#include <cstdint>
#include <vector>

namespace r1zero::kernels::reference {

using Matrix = std::vector<double>;  // row-major

Matrix MatMul(const Matrix& x_MK, const Matrix& w_NK, int64_t M, int64_t N, int64_t K);
Matrix RmsNorm(const Matrix& x_MD, const Matrix& weight_D, double eps, int64_t M, int64_t D);
// Causal attention of one sequence of T tokens; q [T, N, H], k and v [T, K, H].
Matrix Attention(const Matrix& q, const Matrix& k, const Matrix& v, int64_t T, int heads,
                 int kv_heads, int head_width, double scale);
Matrix SwiGlu(const Matrix& gate_up_M2F, int64_t M, int64_t F);
Matrix LogSoftmax(const Matrix& logits_MV, int64_t M, int64_t V);

}  // namespace r1zero::kernels::reference
