// The policy's weights and their gradients as the training pass wants them: named per layer, the
// matrices packed for the forward product and for the input gradient.
#pragma once

#include <vector>

#include "kernels/matmul.h"
#include "policy/head_norm.h"
#include "policy/weights.h"

namespace r1zero {

// One tensor of the flat buffers, and where its gradient accumulates.
struct NormWeight {
  const float* w_D = nullptr;
  float* dw_D = nullptr;
};

struct LinearWeight {
  const float* w_NK = nullptr;
  float* dw_NK = nullptr;
  int64_t N = 0, K = 0;
  kernels::PackedMatrix forward, input_gradient;
};

struct TrainingWeights {
  struct Layer {
    NormWeight input_norm, post_attention_norm;
    QkvExtras qkv_extras;
    float* dqkv_bias_W = nullptr;  // the gradients of what qkv_extras has
    float *dq_norm_H = nullptr, *dk_norm_H = nullptr;
    LinearWeight qkv, o, gate_up, down;  // neighbours of the manifest are one matrix
  };

  // params and grads: flat, in WeightManifest order; they must outlive this. grads may be null where no
  // backward follows. A tied head, used at
  // both ends of the model, accumulates the gradient of its use as head in tied_head_grads (of the
  // embedding's size), so that the order of additions does not depend on micro-batches.
  TrainingWeights(const ModelConfig& config, const float* params, float* grads,
                  float* tied_head_grads, kernels::Storage storage);

  // Packs what is in params now.
  void Pack(kernels::ThreadPool& pool);

  const float* embedding_VD = nullptr;
  float* embedding_grads_VD = nullptr;
  std::vector<Layer> layers;
  NormWeight norm;
  LinearWeight head;
};

}  // namespace r1zero
