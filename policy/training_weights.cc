#include "policy/training_weights.h"

namespace r1zero {

TrainingWeights::TrainingWeights(const ModelConfig& config, const float* params, float* grads,
                                 float* tied_head_grads, kernels::Storage storage) {
  const std::vector<TensorSpec> manifest = WeightManifest(config);
  auto next = manifest.begin();
  const auto gradient_at = [&](int64_t offset) { return grads ? grads + offset : nullptr; };
  const auto norm_weight = [&] {
    const int64_t offset = next++->offset;
    return NormWeight{params + offset, gradient_at(offset)};
  };
  // `parts` neighbours of the manifest as one matrix.
  const auto linear = [&](int parts) {
    LinearWeight w{params + next->offset, gradient_at(next->offset), 0, next->shape[1], {}, {}};
    for (; parts > 0; --parts) w.N += next++->shape[0];
    w.forward.storage = w.input_gradient.storage = storage;
    return w;
  };
  const auto add_extras = [&](Layer& layer) {
    layer.qkv_extras.rms_eps = static_cast<float>(config.rms_eps);
    if (config.has_qkv_bias()) {
      layer.qkv_extras.bias_W = params + next->offset;
      layer.dqkv_bias_W = gradient_at(next->offset);
      next += 3;
    }
    if (!config.has_qk_norm()) return;
    const NormWeight q = norm_weight(), k = norm_weight();
    layer.qkv_extras.q_norm_H = q.w_D, layer.dq_norm_H = q.dw_D;
    layer.qkv_extras.k_norm_H = k.w_D, layer.dk_norm_H = k.dw_D;
  };
  const LinearWeight embedding = linear(1);
  embedding_VD = embedding.w_NK;
  embedding_grads_VD = embedding.dw_NK;
  for (int64_t i = 0; i < config.num_layers; ++i) {
    Layer& layer = layers.emplace_back();
    layer.input_norm = norm_weight();
    layer.qkv = linear(3);
    add_extras(layer);
    layer.o = linear(1);
    layer.post_attention_norm = norm_weight();
    layer.gate_up = linear(2);
    layer.down = linear(1);
  }
  norm = norm_weight();
  head = config.tie_embeddings ? embedding : linear(1);
  if (config.tie_embeddings) head.dw_NK = tied_head_grads;
}

void TrainingWeights::Pack(kernels::ThreadPool& pool) {
  std::vector<LinearWeight*> all{&head};
  for (Layer& layer : layers)
    all.insert(all.end(), {&layer.qkv, &layer.o, &layer.gate_up, &layer.down});
  pool.ParallelFor(static_cast<int64_t>(all.size()), [&](int64_t i) {
    kernels::PackForward(all[i]->w_NK, all[i]->N, all[i]->K, all[i]->forward);
    if (all[i]->dw_NK == nullptr) return;  // no backward asks for it
    kernels::PackInputGradient(all[i]->w_NK, all[i]->N, all[i]->K, all[i]->input_gradient);
  });
}

}  // namespace r1zero
