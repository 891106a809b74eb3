// The gradients that Qwen adds, of biases and of norms of heads, against central differences of the
// formulas in double. All others: transformer_gradient_test.cc, which needs libtorch.
#include <gtest/gtest.h>

#include <cmath>

#include "policy/training_pass.h"
#include "tests/policy/naive_model.h"

namespace r1zero {
namespace {

ModelConfig Small(ModelFamily family) {
  return {.family = family,
          .vocab_size = 13,
          .hidden_size = 10,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 6,
          .intermediate_size = 12,
          .max_positions = 32};
}

const std::vector<int32_t> kTokens = {3, 7, 1, 12, 5, 5, 9, 0, 4};

// The sum over t of (t + 1) / 10 times the log-probability of token t + 1.
double Objective(const Weights& weights) {
  const auto logits = NaiveModel(weights).Logits(kTokens);
  double sum = 0;
  for (size_t t = 0; t + 1 < kTokens.size(); ++t) {
    double normalizer = 0;
    for (const double logit : logits[t]) normalizer += std::exp(logit);
    sum += static_cast<double>(t + 1) / 10 * (logits[t][kTokens[t + 1]] - std::log(normalizer));
  }
  return sum;
}

std::vector<float> Gradients(const Weights& weights) {
  kernels::ThreadPool pool(1);
  std::vector<float> grads(weights.flat.size()), head(13 * 10), scale, out(8), entropy(8);
  TrainingPass pass(weights.config, weights.flat.data(), grads.data(), head.data(), pool);
  pass.WeightsChanged();
  PackedTokens packed;
  packed.Append(std::span(kTokens).first(8));
  LogprobRows rows;
  for (int t = 0; t < 8; ++t) {
    rows.hidden_rows_R.push_back(t);
    rows.targets_R.push_back(kTokens[t + 1]);
    scale.push_back(static_cast<float>(t + 1) / 10);
  }
  const auto saved = pass.Forward(packed, rows, 1, /*keep=*/true, out.data(), entropy.data());
  pass.Backward(*saved, scale.data());
  return grads;
}

class FamilyGradient : public testing::TestWithParam<ModelFamily> {};

TEST_P(FamilyGradient, OfBiasesAndOfNormsOfHeadsIsTheSlopeOfTheFormulas) {
  Weights weights = InitWeights(Small(GetParam()), 3);
  for (size_t i = 0; i < weights.flat.size(); ++i)  // biases begin at 0
    weights.flat[i] += 0.2f * std::sin(static_cast<float>(i));
  const std::vector<float> grads = Gradients(weights);
  int checked = 0;
  for (const TensorSpec& spec : WeightManifest(weights.config)) {
    if (!spec.name.ends_with(".bias") && spec.name.find("self_attn.q_") == std::string::npos &&
        spec.name.find("self_attn.k_") == std::string::npos)
      continue;
    for (int64_t i = spec.offset; i < spec.offset + std::min<int64_t>(spec.size, 24); ++i) {
      const float before = weights.flat[i], step = 0x1p-9f;
      weights.flat[i] = before + step;
      const double up = Objective(weights), above = weights.flat[i];
      weights.flat[i] = before - step;
      const double slope = (up - Objective(weights)) / (above - weights.flat[i]);
      weights.flat[i] = before;
      EXPECT_NEAR(grads[i], slope, 1e-4 + 1e-3 * std::abs(slope)) << spec.name << " " << i;
      ++checked;
    }
  }
  EXPECT_GT(checked, 90);
}
INSTANTIATE_TEST_SUITE_P(, FamilyGradient,
                         testing::Values(ModelFamily::kLlama, ModelFamily::kQwen2,
                                         ModelFamily::kQwen3));

}  // namespace
}  // namespace r1zero
