#include "grpo/optimizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

ModelConfig TinyModel() {
  return {.vocab_size = 11,
          .hidden_size = 8,
          .num_layers = 1,
          .num_heads = 2,
          .num_kv_heads = 2,
          .head_width = 4,
          .intermediate_size = 12,
          .max_positions = 16,
          .tie_embeddings = false};
}

// AdamW from its paper, in double, one weight at a time; norms do not decay.
struct DoubleAdamW {
  explicit DoubleAdamW(const Weights& weights) : p(weights.flat.begin(), weights.flat.end()) {
    m.resize(p.size());
    v.resize(p.size());
    decay.resize(p.size());
    for (const TensorSpec& spec : WeightManifest(weights.config))
      for (int64_t i = 0; i < spec.size; ++i) decay[spec.offset + i] = spec.shape.size() == 2;
  }
  void Step(std::vector<double> g, const AdamWConfig& c, double lr) {
    double norm = 0;
    for (const double x : g) norm += x * x;
    norm = std::sqrt(norm);
    ++t;
    for (size_t i = 0; i < p.size(); ++i) {
      const double gi = norm > c.max_grad_norm ? g[i] * c.max_grad_norm / norm : g[i];
      m[i] = c.beta1 * m[i] + (1 - c.beta1) * gi;
      v[i] = c.beta2 * v[i] + (1 - c.beta2) * gi * gi;
      const double m_hat = m[i] / (1 - std::pow(c.beta1, t));
      const double v_hat = v[i] / (1 - std::pow(c.beta2, t));
      p[i] -= lr * (m_hat / (std::sqrt(v_hat) + c.eps) + (decay[i] ? c.weight_decay : 0) * p[i]);
    }
  }
  std::vector<double> p, m, v;
  std::vector<bool> decay;
  int t = 0;
};

class AdamWBackends : public testing::TestWithParam<Backend> {};
INSTANTIATE_TEST_SUITE_P(Backends, AdamWBackends,
                         testing::Values(Backend::kKernels, Backend::kAten));

TEST_P(AdamWBackends, FollowTheFormulaInDoubleOverManySteps) {
  const AdamWConfig config{
      .beta1 = 0.9, .beta2 = 0.95, .eps = 1e-8, .weight_decay = 0.1, .max_grad_norm = 1};
  kernels::ThreadPool pool(2);
  const Weights start = InitWeights(TinyModel(), 1);
  Transformer policy(TinyModel(), torch::kCPU, pool, GetParam());
  policy->Load(start);
  AdamWOptimizer optimizer(TinyModel(), config, torch::kCPU, pool, GetParam());
  DoubleAdamW expected(start);
  RandomStream random(5, RandomPurpose::kInit);
  for (int step = 0; step < 30; ++step) {
    const double scale = step % 2 ? 0.001 : 1;  // every other step is clipped
    std::vector<double> g(start.flat.size());
    float* grads = policy->flat_grads().data_ptr<float>();
    for (size_t i = 0; i < g.size(); ++i)
      g[i] = grads[i] = static_cast<float>(scale * random.Normal());
    optimizer.Step(policy, 1e-2);
    expected.Step(g, config, 1e-2);
  }
  const auto weights = policy->Snapshot(0);
  for (size_t i = 0; i < expected.p.size(); ++i)
    ASSERT_NEAR(weights->flat[i], expected.p[i], 2e-6) << i;
  EXPECT_EQ(optimizer.steps(), 30);
}

TEST(AdamWOptimizer, ReturnsTheNormBeforeClipping) {
  kernels::ThreadPool pool;
  Transformer policy(TinyModel(), torch::kCPU, pool);
  AdamWOptimizer optimizer(TinyModel(), {.max_grad_norm = 1}, torch::kCPU, pool);
  policy->flat_grads().fill_(2);
  EXPECT_NEAR(optimizer.Step(policy, 1e-3), 2 * std::sqrt(NumParameters(TinyModel())), 1e-9);
}

TEST(AdamWOptimizer, GradientThatIsNotFiniteLeavesEverythingAsItWas) {
  kernels::ThreadPool pool;
  Transformer policy(TinyModel(), torch::kCPU, pool);
  policy->Load(InitWeights(TinyModel(), 1));
  AdamWOptimizer optimizer(TinyModel(), {}, torch::kCPU, pool);
  policy->flat_grads()[17] = std::numeric_limits<float>::infinity();
  EXPECT_THROW(optimizer.Step(policy, 1e-3), Error);
  EXPECT_EQ(optimizer.steps(), 0);
  EXPECT_EQ(optimizer.m().count_nonzero().item<int64_t>(), 0);
  EXPECT_EQ(WeightSha256(*policy->Snapshot(0)), WeightSha256(InitWeights(TinyModel(), 1)));
}

TEST_P(AdamWBackends, WeightThatIsNotFiniteIsAnErrorThatNamesTheStep) {
  kernels::ThreadPool pool;
  Transformer policy(TinyModel(), torch::kCPU, pool, GetParam());
  policy->Load(InitWeights(TinyModel(), 1));
  AdamWOptimizer optimizer(TinyModel(), {}, torch::kCPU, pool, GetParam());
  const auto step = [&] {
    policy->flat_grads().fill_(1);
    optimizer.Step(policy, 3e38);  // so far does every weight move; a float holds one such move
  };
  step();
  try {
    step();
    FAIL() << "the policy holds what is no number";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("optimizer step 2"));
    EXPECT_THAT(error.what(), testing::HasSubstr("lower lr"));
  }
}

TEST(AdamWOptimizer, StateOfAnotherModelIsRefused) {
  kernels::ThreadPool pool;
  AdamWOptimizer optimizer(TinyModel(), {}, torch::kCPU, pool);
  const std::vector<float> other(3);
  EXPECT_THROW(optimizer.Restore(1, other, other), Error);
}

}  // namespace
}  // namespace r1zero
