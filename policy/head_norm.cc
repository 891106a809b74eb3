#include "policy/head_norm.h"

#include <algorithm>

#include "kernels/bias.h"
#include "kernels/rmsnorm.h"
#include "kernels/scratch.h"

namespace r1zero {
namespace {

using kernels::AttentionShape;
using kernels::InlinePool;

int64_t QkvWidth(const AttentionShape& shape) {
  return QkWidth(shape) + int64_t{shape.kv_heads} * shape.head_width;
}

void NormHeads(const QkvExtras& extras, const AttentionShape& shape, const float* raw_P,
               float* qk_P, float* inv_rms_1) {
  const int64_t N = shape.heads, K = shape.kv_heads, H = shape.head_width;
  float* k_inv_rms = inv_rms_1 == nullptr ? nullptr : inv_rms_1 + N;
  kernels::RmsNorm(raw_P, extras.q_norm_H, extras.rms_eps, qk_P, inv_rms_1, N, H, InlinePool());
  kernels::RmsNorm(raw_P + N * H, extras.k_norm_H, extras.rms_eps, qk_P + N * H, k_inv_rms, K, H,
                   InlinePool());
}

}  // namespace

void FinishQkv(const QkvExtras& extras, const AttentionShape& shape, float* qkv_MW, int64_t M,
               float* raw_MP, float* inv_rms_M1) {
  thread_local kernels::AlignedVector<float> buffer;
  const int64_t W = QkvWidth(shape), P = QkWidth(shape), heads = shape.heads + shape.kv_heads;
  if (extras.bias_W != nullptr) kernels::AddBias(qkv_MW, W, extras.bias_W, M, W);
  if (!extras.has_norm()) return;
  for (int64_t m = 0; m < M; ++m) {
    float* raw_P = raw_MP == nullptr ? kernels::Scratch(buffer, P) : raw_MP + m * P;
    std::copy_n(qkv_MW + m * W, P, raw_P);
    NormHeads(extras, shape, raw_P, qkv_MW + m * W,
              inv_rms_M1 == nullptr ? nullptr : inv_rms_M1 + m * heads);
  }
}

void HeadNormBackward(const QkvExtras& extras, const AttentionShape& shape, const float* raw_MP,
                      const float* inv_rms_M1, float* dqkv_MW, float* dnormed_MP, int64_t M) {
  const int64_t N = shape.heads, K = shape.kv_heads, H = shape.head_width;
  const int64_t W = QkvWidth(shape), P = QkWidth(shape);
  for (int64_t m = 0; m < M; ++m) {
    float* dqk_P = dqkv_MW + m * W;
    float* dnormed_P = dnormed_MP + m * P;
    const float* raw_P = raw_MP + m * P;
    const float* inv_rms_1 = inv_rms_M1 + m * (N + K);
    std::copy_n(dqk_P, P, dnormed_P);
    kernels::RmsNormBackward(dnormed_P, raw_P, extras.q_norm_H, inv_rms_1, dqk_P, N, H,
                             InlinePool());
    kernels::RmsNormBackward(dnormed_P + N * H, raw_P + N * H, extras.k_norm_H, inv_rms_1 + N,
                             dqk_P + N * H, K, H, InlinePool());
  }
}

void AccumulateHeadNormGradient(const AttentionShape& shape, const float* dnormed_MP,
                                const float* raw_MP, const float* inv_rms_M1, float* dq_norm_H,
                                float* dk_norm_H, int64_t M) {
  const int64_t N = shape.heads, K = shape.kv_heads, H = shape.head_width, P = QkWidth(shape);
  for (int64_t m = 0; m < M; ++m) {
    const float *dnormed_P = dnormed_MP + m * P, *raw_P = raw_MP + m * P;
    const float* inv_rms_1 = inv_rms_M1 + m * (N + K);
    kernels::RmsNormWeightGradient(dnormed_P, raw_P, H, inv_rms_1, dq_norm_H, N, H);
    kernels::RmsNormWeightGradient(dnormed_P + N * H, raw_P + N * H, H, inv_rms_1 + N, dk_norm_H, K,
                                   H);
  }
}

}  // namespace r1zero
