#include "kernels/reference.h"

#include <algorithm>
#include <cmath>

namespace r1zero::kernels::reference {

Matrix MatMul(const Matrix& x_MK, const Matrix& w_NK, int64_t M, int64_t N, int64_t K) {
  Matrix y_MN(M * N, 0.0);
  for (int64_t m = 0; m < M; ++m)
    for (int64_t n = 0; n < N; ++n)
      for (int64_t k = 0; k < K; ++k) y_MN[m * N + n] += x_MK[m * K + k] * w_NK[n * K + k];
  return y_MN;
}

Matrix RmsNorm(const Matrix& x_MD, const Matrix& weight_D, double eps, int64_t M, int64_t D) {
  Matrix y_MD(M * D);
  for (int64_t m = 0; m < M; ++m) {
    const double* x_D = &x_MD[m * D];
    double sum = 0;
    for (int64_t d = 0; d < D; ++d) sum += x_D[d] * x_D[d];
    const double rms = std::sqrt(sum / D + eps);
    for (int64_t d = 0; d < D; ++d) y_MD[m * D + d] = x_D[d] / rms * weight_D[d];
  }
  return y_MD;
}

namespace {

void Softmax(std::vector<double>& score_T) {
  const double max = *std::max_element(score_T.begin(), score_T.end());
  double sum = 0;
  for (double& score : score_T) sum += score = std::exp(score - max);
  for (double& score : score_T) score /= sum;
}

}  // namespace

Matrix Attention(const Matrix& q, const Matrix& k, const Matrix& v, int64_t T, int heads,
                 int kv_heads, int head_width, double scale) {
  const int64_t N = heads, K = kv_heads, H = head_width;
  Matrix out(T * N * H, 0.0);
  for (int64_t i = 0; i < T; ++i) {
    for (int64_t n = 0; n < N; ++n) {
      const int64_t kv = n / (N / K);
      std::vector<double> weight_T(i + 1, 0.0);
      for (int64_t t = 0; t <= i; ++t)
        for (int64_t h = 0; h < H; ++h)
          weight_T[t] += scale * q[(i * N + n) * H + h] * k[(t * K + kv) * H + h];
      Softmax(weight_T);
      for (int64_t t = 0; t <= i; ++t)
        for (int64_t h = 0; h < H; ++h)
          out[(i * N + n) * H + h] += weight_T[t] * v[(t * K + kv) * H + h];
    }
  }
  return out;
}

Matrix SwiGlu(const Matrix& gate_up_M2F, int64_t M, int64_t F) {
  Matrix y_MF(M * F);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t f = 0; f < F; ++f) {
      const double gate = gate_up_M2F[m * 2 * F + f];
      y_MF[m * F + f] = gate / (1 + std::exp(-gate)) * gate_up_M2F[m * 2 * F + F + f];
    }
  }
  return y_MF;
}

Matrix LogSoftmax(const Matrix& logits_MV, int64_t M, int64_t V) {
  Matrix logprob_MV(M * V);
  for (int64_t m = 0; m < M; ++m) {
    const double* z_V = &logits_MV[m * V];
    const double max = *std::max_element(z_V, z_V + V);
    double sum = 0;
    for (int64_t v = 0; v < V; ++v) sum += std::exp(z_V[v] - max);
    for (int64_t v = 0; v < V; ++v) logprob_MV[m * V + v] = z_V[v] - max - std::log(sum);
  }
  return logprob_MV;
}

}  // namespace r1zero::kernels::reference
