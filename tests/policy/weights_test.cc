#include "policy/weights.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"
#include "policy/weight_store.h"

namespace r1zero {
namespace {

ModelConfig Config(bool tied) {
  return {.vocab_size = 64,
          .hidden_size = 48,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 12,
          .intermediate_size = 80,
          .max_positions = 32,
          .tie_embeddings = tied};
}

TEST(WeightManifest, ListsTheTensorsInModelOrderWithoutGaps) {
  for (const bool tied : {true, false}) {
    const auto manifest = WeightManifest(Config(tied));
    ASSERT_EQ(manifest.size(), 1 + 2 * 9 + 1 + (tied ? 0 : 1));
    int64_t offset = 0;
    for (const TensorSpec& spec : manifest) {
      EXPECT_EQ(spec.offset, offset) << spec.name;
      EXPECT_EQ(spec.decay, spec.shape.size() == 2) << spec.name;
      offset += spec.size;
    }
    EXPECT_EQ(offset, NumParameters(Config(tied)));
    EXPECT_EQ(manifest[0].name, "model.embed_tokens.weight");
    EXPECT_EQ(manifest[2].name, "model.layers.0.self_attn.q_proj.weight");
    EXPECT_EQ(manifest[3].name, "model.layers.0.self_attn.k_proj.weight");
    EXPECT_EQ(manifest[3].shape, (std::vector<int64_t>{24, 48}));
    EXPECT_EQ(manifest[5].shape, (std::vector<int64_t>{48, 48}));
    EXPECT_EQ(manifest[9].name, "model.layers.0.mlp.down_proj.weight");
    EXPECT_EQ(manifest[9].shape, (std::vector<int64_t>{48, 80}));
    EXPECT_EQ(manifest[19].name, "model.norm.weight");
    if (!tied) {
      EXPECT_EQ(manifest[20].name, "lm_head.weight");
    }
  }
}

double StandardDeviation(std::span<const float> values) {
  double sum = 0, squares = 0;
  for (const float v : values) sum += v, squares += double{v} * v;
  const double mean = sum / values.size();
  return std::sqrt(squares / values.size() - mean * mean);
}

TEST(InitWeights, DrawsEachTensorWithItsSpread) {
  const Weights weights = InitWeights(Config(false), 7);
  const auto spread = [&](const char* name) {
    return StandardDeviation(WeightTensor(weights, name));
  };
  EXPECT_NEAR(spread("model.embed_tokens.weight"), 0.05, 0.003);
  EXPECT_NEAR(spread("lm_head.weight"), 0.05, 0.003);
  EXPECT_NEAR(spread("model.layers.0.self_attn.q_proj.weight"), 0.7 / std::sqrt(48), 0.006);
  EXPECT_NEAR(spread("model.layers.1.mlp.gate_proj.weight"), 0.7 / std::sqrt(48), 0.006);
  EXPECT_NEAR(spread("model.layers.1.self_attn.o_proj.weight"), 1 / std::sqrt(2 * 2 * 48), 0.004);
  EXPECT_NEAR(spread("model.layers.1.mlp.down_proj.weight"), 1 / std::sqrt(2 * 2 * 80), 0.004);
  for (const float norm : WeightTensor(weights, "model.layers.1.input_layernorm.weight"))
    EXPECT_EQ(norm, 1);
}

TEST(InitWeights, IsAFunctionOfConfigAndSeed) {
  EXPECT_EQ(WeightSha256(InitWeights(Config(true), 7)), WeightSha256(InitWeights(Config(true), 7)));
  EXPECT_NE(WeightSha256(InitWeights(Config(true), 7)), WeightSha256(InitWeights(Config(true), 8)));
}

TEST(WeightTensor, NamesTheTensorThatIsNotThere) {
  const Weights weights = InitWeights(Config(true), 1);
  EXPECT_THAT([&] { WeightTensor(weights, "lm_head.weight"); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("lm_head.weight")));
}

TEST(WeightSha256, ChangesWithEverySingleBit) {
  Weights weights = InitWeights(Config(true), 1);
  const std::string before = WeightSha256(weights);
  weights.flat.back() = std::nextafter(weights.flat.back(), 2.0f);
  EXPECT_NE(WeightSha256(weights), before);
}

TEST(WeightStore, HandsOutTheNewestAndNeverGoesBack) {
  WeightStore store;
  EXPECT_EQ(store.Latest().weights, nullptr);
  auto weights = std::make_shared<Weights>(InitWeights(Config(true), 1));
  weights->version = 4;
  store.Publish(weights);
  EXPECT_EQ(store.Latest().weights, weights);
  EXPECT_EQ(store.Latest().sha256, WeightSha256(*weights));
  auto older = std::make_shared<Weights>(*weights);
  older->version = 3;
  EXPECT_THROW(store.Publish(older), Error);
  EXPECT_EQ(store.Latest().weights->version, 4);
}

}  // namespace
}  // namespace r1zero
