// Weights repacked for the kernels, once per policy version.
#pragma once

#include <memory>
#include <vector>

#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "policy/head_norm.h"
#include "policy/weights.h"

namespace r1zero {

// q, k, v are one matrix, gate and up another.
struct PackedLayer {
  const float* input_norm_D = nullptr;
  const float* post_attention_norm_D = nullptr;
  QkvExtras qkv_extras;
  kernels::PackedMatrix qkv, o, gate_up, down;
};

// Matrices and embedding as `storage` says. Norms and biases are float32 and, as the embedding of
// Storage::kFloat32, read from `source`; Storage::kBfloat16 copies the few and lets the source go.
struct PackedWeights {
  std::shared_ptr<const Weights> source;                         // kFloat32
  kernels::AlignedVector<float> vectors;                         // kBfloat16
  kernels::AlignedVector<kernels::Bfloat16> bfloat16_embedding;  // kBfloat16
  const float* embedding_VD = nullptr;                           // kFloat32
  const float* norm_D = nullptr;
  std::vector<PackedLayer> layers;
  kernels::PackedMatrix head;
};

// One place for the scale, so that the sampler and the learner have the same bits.
kernels::AttentionShape AttentionShapeOf(const ModelConfig& config);

std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const Weights> weights,
                                                 kernels::Storage storage);

}  // namespace r1zero
