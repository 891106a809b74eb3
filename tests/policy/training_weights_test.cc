#include "policy/training_weights.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

class TrainingWeightsOf : public testing::TestWithParam<ModelFamily> {
 protected:
  const ModelConfig config{.family = GetParam(),
                           .vocab_size = 11,
                           .hidden_size = 8,
                           .num_layers = 2,
                           .num_heads = 2,
                           .num_kv_heads = 1,
                           .head_width = 4,
                           .intermediate_size = 12,
                           .max_positions = 16};
  std::vector<float> flat = std::vector<float>(NumParameters(config)), grads = flat;
  std::vector<float> head_grads = std::vector<float>(config.vocab_size * config.hidden_size);

  TrainingWeights Make(float* into) {
    return {config, flat.data(), into, into ? head_grads.data() : nullptr,
            kernels::Storage::kFloat32};
  }
  static std::vector<const float*> Gradients(const TrainingWeights& w) {
    std::vector<const float*> all{w.embedding_grads_VD, w.norm.dw_D, w.head.dw_NK};
    for (const TrainingWeights::Layer& l : w.layers)
      all.insert(all.end(),
                 {l.input_norm.dw_D, l.post_attention_norm.dw_D, l.qkv.dw_NK, l.o.dw_NK,
                  l.gate_up.dw_NK, l.down.dw_NK, l.dqkv_bias_W, l.dq_norm_H, l.dk_norm_H});
    return all;
  }
};
INSTANTIATE_TEST_SUITE_P(, TrainingWeightsOf,
                         testing::Values(ModelFamily::kLlama, ModelFamily::kQwen2,
                                         ModelFamily::kQwen3));

TEST_P(TrainingWeightsOf, WithoutGradientsPointAtNoGradientAnywhere) {
  for (const float* gradient : Gradients(Make(nullptr))) EXPECT_EQ(gradient, nullptr);
}

TEST_P(TrainingWeightsOf, HaveTheirGradientsWhereTheWeightsAre) {
  const TrainingWeights w = Make(grads.data());
  for (const TrainingWeights::Layer& layer : w.layers) {
    EXPECT_EQ(layer.qkv.dw_NK - grads.data(), layer.qkv.w_NK - flat.data());
    if (config.has_qkv_bias()) {
      EXPECT_EQ(layer.dqkv_bias_W - grads.data(), layer.qkv_extras.bias_W - flat.data());
    }
    if (config.has_qk_norm()) {
      EXPECT_EQ(layer.dk_norm_H - grads.data(), layer.qkv_extras.k_norm_H - flat.data());
    }
  }
}

}  // namespace
}  // namespace r1zero
