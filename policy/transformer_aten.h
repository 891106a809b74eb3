// The transformer as plain ATen operations with autograd's own gradients: what runs on CUDA
// tensors, and on the CPU in float64 the reference that the kernels are tested against. Any device,
// any dtype.
//
// Shapes: M tokens, N query heads, K key/value heads, H head width, D hidden.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "policy/transformer.h"

namespace r1zero {

struct AtenLayer {
  torch::Tensor input_norm, q_proj, k_proj, v_proj, o_proj, post_attention_norm, gate_proj, up_proj,
      down_proj;
  torch::Tensor q_bias, k_bias, v_bias;  // undefined where the family has none
  torch::Tensor q_norm, k_norm;
};

struct AtenWeights {
  torch::Tensor embed_tokens, norm, lm_head;  // lm_head is embed_tokens if tied
  std::vector<AtenLayer> layers;
};

// Names tensors that are given in WeightManifest order.
AtenWeights NameWeights(const ModelConfig& config, std::span<const torch::Tensor> tensors);

// Cuts a flat buffer into tensors of the manifest's shapes (views).
std::vector<torch::Tensor> CutFlat(const ModelConfig& config, const torch::Tensor& flat);

// Given a layer's rotated q_MNH, k_MKH and v_MKH, the heads' outputs [M, N, H].
using Attend = std::function<torch::Tensor(int64_t layer, const torch::Tensor& q_MNH,
                                           const torch::Tensor& k_MKH, const torch::Tensor& v_MKH)>;

// Hidden states [M, D] after all layers, before the final norm.
torch::Tensor AtenHidden(const ModelConfig& config, const AtenWeights& weights,
                         const torch::Tensor& tokens_M, const torch::Tensor& positions_M,
                         const Attend& attend);

// Logits of hidden states: final norm, then the head.
torch::Tensor AtenLogits(const ModelConfig& config, const AtenWeights& weights,
                         const torch::Tensor& hidden_MD);

// As TransformerImpl::Logprobs. Sequences are padded to the longest of the batch inside attention.
LogprobOutput AtenLogprobs(const ModelConfig& config, const AtenWeights& weights,
                           const PackedTokens& packed, const LogprobRows& rows,
                           float inv_temperature);

}  // namespace r1zero
