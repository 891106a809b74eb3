// A policy stored as bfloat16 is the policy whose matrices and embedding were rounded, with keys and
// values rounded as well.
#include "kernels/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>

#include "policy/decoder.h"
#include "policy/training_pass.h"

namespace r1zero {
namespace {

using kernels::Storage;

ModelConfig SmallModel() {
  return {.family = ModelFamily::kQwen2,
          .vocab_size = 61,
          .hidden_size = 40,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 16,
          .intermediate_size = 56,
          .max_positions = 64,
          .tie_embeddings = false};
}

std::shared_ptr<Weights> RandomWeights(uint64_t seed) {
  auto weights = std::make_shared<Weights>(InitWeights(SmallModel(), seed));
  for (float& w : weights->flat) w *= 3;
  return weights;
}

std::shared_ptr<Weights> WithRoundedMatrices(const Weights& weights) {
  auto rounded = std::make_shared<Weights>(weights);
  for (const TensorSpec& spec : WeightManifest(weights.config))
    if (spec.shape.size() > 1)
      kernels::RoundToBfloat16(rounded->flat.data() + spec.offset, spec.size);
  return rounded;
}

std::vector<float> Logits(std::shared_ptr<const Weights> weights, Storage storage,
                          const std::vector<int32_t>& tokens) {
  const auto decoder = MakeCpuDecoder(weights->config, 4, 64, storage);
  decoder->SetWeights(weights);
  const std::vector<int32_t> table{2, 0, 3, 1};
  const DecoderInput input{.tokens = tokens, .block_table = table};
  std::vector<float> logits(weights->config.vocab_size);
  decoder->Forward({&input, 1}, logits.data());
  return logits;
}

const std::vector<int32_t> kTokens = {3, 17, 4,  60, 0, 21, 9,  33, 33,
                                      2, 5,  41, 8,  1, 12, 30, 29, 7};

TEST(StoredAsBfloat16, RoundsMatricesAndNothingElseOfTheWeights) {
  const auto weights = RandomWeights(1);
  const auto stored = Logits(weights, Storage::kBfloat16, kTokens);
  EXPECT_EQ(Logits(WithRoundedMatrices(*weights), Storage::kBfloat16, kTokens), stored);
  EXPECT_NE(Logits(weights, Storage::kFloat32, kTokens), stored);
}

TEST(StoredAsBfloat16, IsNearTheFloat32Policy) {
  const auto weights = RandomWeights(2);
  const auto exact = Logits(weights, Storage::kFloat32, kTokens);
  const auto stored = Logits(weights, Storage::kBfloat16, kTokens);
  double largest = 0, difference = 0;
  for (size_t v = 0; v < exact.size(); ++v) {
    largest = std::max(largest, std::abs(double{exact[v]}));
    difference = std::max(difference, std::abs(double{exact[v]} - stored[v]));
  }
  EXPECT_LT(difference, 0.03 * largest);  // 2^-8 an element, and sums of many
}

TEST(StoredAsBfloat16, LetsTheFloat32WeightsGo) {
  auto weights = RandomWeights(3);
  const std::weak_ptr<Weights> watched = weights;
  const auto decoder = MakeCpuDecoder(weights->config, 4, 64, Storage::kBfloat16);
  decoder->SetWeights(std::move(weights));
  EXPECT_TRUE(watched.expired());
}

// The gradient is that of the rounded policy: the same as with matrices rounded before.
TEST(StoredAsBfloat16, HasTheGradientOfTheRoundedPolicy) {
  const auto weights = RandomWeights(4);
  kernels::ThreadPool pool(2);
  PackedTokens packed;
  packed.Append(kTokens);
  LogprobRows rows;
  for (size_t i = 0; i + 1 < kTokens.size(); ++i) {
    rows.hidden_rows_R.push_back(static_cast<int64_t>(i));
    rows.targets_R.push_back(kTokens[i + 1]);
  }
  const std::vector<float> ones(rows.targets_R.size(), 1.0f);
  const auto gradient = [&](const Weights& w) {
    kernels::AlignedVector<float> grads(w.flat.size(), 0.0f);
    TrainingPass pass(w.config, w.flat.data(), grads.data(), nullptr, pool, Storage::kBfloat16);
    pass.WeightsChanged();
    std::vector<float> logprobs(ones.size()), entropy(ones.size());
    const auto saved = pass.Forward(packed, rows, 1.0f, true, logprobs.data(), entropy.data());
    pass.Backward(*saved, ones.data());
    return grads;
  };
  EXPECT_EQ(gradient(*weights), gradient(*WithRoundedMatrices(*weights)));
}

}  // namespace
}  // namespace r1zero
