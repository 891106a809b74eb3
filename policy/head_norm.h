// What Qwen adds between the product of q, k, v and the rotation: a bias, and an RMSNorm of each head
// of q and k. One place for both, so that the sampler and the learner have the same bits.
//
// M tokens; W all of q, k, v; P the width of q and k; N query heads and K key heads, H wide.
#pragma once

#include <cstdint>

#include "kernels/attention.h"

namespace r1zero {

// Null where the family has none.
struct QkvExtras {
  const float* bias_W = nullptr;
  const float* q_norm_H = nullptr;
  const float* k_norm_H = nullptr;
  float rms_eps = 0;

  bool has_norm() const { return q_norm_H != nullptr; }
};

inline int64_t QkWidth(const kernels::AttentionShape& shape) {
  return int64_t{shape.heads + shape.kv_heads} * shape.head_width;
}

// Adds the bias to the rows of qkv_MW, then normalises their heads of q and k. The latter need room:
// raw_MP gets q and k as they were (may be null: not wanted), inv_rms_M1 the 1 / rms of each head, N
// + K a row (null if raw_MP is). On the calling thread.
void FinishQkv(const QkvExtras& extras, const kernels::AttentionShape& shape, float* qkv_MW,
               int64_t M, float* raw_MP, float* inv_rms_M1);

// From the gradient of normalised q and k in dqkv_MW to that of raw ones, in place. dnormed_MP gets
// the former, for the gradient of the norms' weights.
void HeadNormBackward(const QkvExtras& extras, const kernels::AttentionShape& shape,
                      const float* raw_MP, const float* inv_rms_M1, float* dqkv_MW,
                      float* dnormed_MP, int64_t M);

// Adds the gradients of the norms' weights, over tokens ascending, a token's heads ascending.
void AccumulateHeadNormGradient(const kernels::AttentionShape& shape, const float* dnormed_MP,
                                const float* raw_MP, const float* inv_rms_M1, float* dq_norm_H,
                                float* dk_norm_H, int64_t M);

}  // namespace r1zero
