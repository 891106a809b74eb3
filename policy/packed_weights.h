// Weights repacked for the kernels, once per policy version.
#pragma once

#include <memory>
#include <vector>

#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "policy/head_norm.h"
#include "policy/weights.h"

namespace r1zero {

// q, k, v are one matrix, gate and up another. Norms, biases and the embedding are read from `source`.
struct PackedLayer {
  const float* input_norm_D = nullptr;
  const float* post_attention_norm_D = nullptr;
  QkvExtras qkv_extras;
  kernels::PackedMatrix qkv, o, gate_up, down;
};

struct PackedWeights {
  std::shared_ptr<const Weights> source;
  const float* embedding_VD = nullptr;
  const float* norm_D = nullptr;
  std::vector<PackedLayer> layers;
  kernels::PackedMatrix head;
};

// One place for the scale, so that the sampler and the learner have the same bits.
kernels::AttentionShape AttentionShapeOf(const ModelConfig& config);

std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const Weights> weights);

}  // namespace r1zero
