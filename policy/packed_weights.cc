#include "policy/packed_weights.h"

#include <cmath>

#include "common/error.h"

namespace r1zero {

kernels::AttentionShape AttentionShapeOf(const ModelConfig& config) {
  return {.heads = static_cast<int>(config.num_heads),
          .kv_heads = static_cast<int>(config.num_kv_heads),
          .head_width = static_cast<int>(config.head_width),
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(config.head_width)))};
}

std::shared_ptr<const PackedWeights> PackWeights(std::shared_ptr<const Weights> weights) {
  Require(weights != nullptr, "no weights to pack");
  const ModelConfig& c = weights->config;
  const std::vector<TensorSpec> manifest = WeightManifest(c);
  Require(static_cast<int64_t>(weights->flat.size()) == NumParameters(c), "weights hold ",
          weights->flat.size(), " numbers, the model config says ", NumParameters(c));

  auto packed = std::make_shared<PackedWeights>();
  auto next = [&, tensor = size_t{0}]() mutable {
    return weights->flat.data() + manifest[tensor++].offset;
  };
  const int64_t D = c.hidden_size, F = c.intermediate_size;
  const int64_t query_width = c.num_heads * c.head_width;
  const int64_t kv_width = c.num_kv_heads * c.head_width;

  packed->embedding_VD = next();
  packed->layers.resize(c.num_layers);
  for (PackedLayer& layer : packed->layers) {
    layer.input_norm_D = next();
    const float* qkv = next();
    next(), next();  // k and v follow q in one matrix
    layer.qkv_extras.rms_eps = static_cast<float>(c.rms_eps);
    if (c.has_qkv_bias()) {
      layer.qkv_extras.bias_W = next();
      next(), next();  // as in the matrix
    }
    if (c.has_qk_norm()) {
      layer.qkv_extras.q_norm_H = next();
      layer.qkv_extras.k_norm_H = next();
    }
    const float* o = next();
    layer.post_attention_norm_D = next();
    const float* gate_up = next();
    next();  // up follows gate
    const float* down = next();
    kernels::PackForward(qkv, query_width + 2 * kv_width, D, layer.qkv);
    kernels::PackForward(o, D, query_width, layer.o);
    kernels::PackForward(gate_up, 2 * F, D, layer.gate_up);
    kernels::PackForward(down, D, F, layer.down);
  }
  packed->norm_D = next();
  kernels::PackForward(c.tie_embeddings ? packed->embedding_VD : next(), c.vocab_size, D,
                       packed->head);
  packed->source = std::move(weights);
  return packed;
}

}  // namespace r1zero
