// The policy's weights: one flat float32 buffer, cut into tensors by a manifest with the Hugging
// Face names. Flat, because optimizer, gradient norm, hash and transport then are one loop each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/aligned.h"
#include "policy/model_config.h"

namespace r1zero {

struct TensorSpec {
  std::string name;  // "model.layers.0.self_attn.q_proj.weight"
  std::vector<int64_t> shape;
  int64_t offset = 0;  // into the flat buffer, in elements
  int64_t size = 0;
  bool decay = false;  // a matrix: weight decay applies
};

// All tensors in model order, without gaps: embed_tokens; per layer input_layernorm, q, k, v, their
// biases or q_norm and k_norm (where the family has them), o, post_attention_layernorm, gate, up,
// down; norm; lm_head if not tied. q, k, v and gate, up are neighbours, so each triple or pair is
// also one matrix, and the three biases are one vector.
std::vector<TensorSpec> WeightManifest(const ModelConfig& config);

// A set of weights. Immutable once shared; `version` counts optimizer steps since the base policy.
struct Weights {
  ModelConfig config;
  int64_t version = 0;
  kernels::AlignedVector<float> flat;
};

// A named tensor of `weights`; Error if there is none of that name.
std::span<const float> WeightTensor(const Weights& weights, std::string_view name);

// Error naming tensor, index and value if some weight is NaN or infinite, or if there are not as many
// as the config says.
void CheckWeights(const Weights& weights);

// How the demo's base policy starts: embeddings N(0, .05), q k v gate up N(0, .7 / sqrt(fan_in)), o
// and down N(0, 1 / sqrt(2 layers fan_in)), norms 1, biases 0. A pure function of config and seed.
Weights InitWeights(const ModelConfig& config, uint64_t seed);

// SHA-256 over the flat buffer's little-endian bytes: equal hashes, equal policies.
std::string WeightSha256(const Weights& weights);
std::string WeightSha256(std::span<const float> flat);

}  // namespace r1zero
