#include "kernels/adamw.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "common/error.h"
#include "tests/kernels/simd_targets.h"

namespace r1zero::kernels {
namespace {

struct Buffers {
  std::vector<float> param, m, v;
};

std::vector<float> RandomFloats(int64_t n, int seed, float scale) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, scale);
  std::vector<float> x(n);
  for (float& value : x) value = normal(random);
  return x;
}

AdamWStep Step(int64_t step) {
  return {.lr = 3e-3,
          .beta1 = 0.9,
          .beta2 = 0.98,
          .eps = 1e-6,
          .weight_decay = 0.05,
          .grad_scale = 0.37,
          .step = step};
}

// Some steps from zero moments, each with its own gradient.
Buffers Train(int64_t n, int64_t steps, ThreadPool& pool) {
  Buffers x = {RandomFloats(n, 1, 0.5f), std::vector<float>(n), std::vector<float>(n)};
  for (int64_t t = 1; t <= steps; ++t) {
    const std::vector<float> grad = RandomFloats(n, 100 + static_cast<int>(t), 0.1f);
    AdamW(x.param.data(), grad.data(), x.m.data(), x.v.data(), n, Step(t), pool);
  }
  return x;
}

TEST(AdamW, FollowsAnIndependentDoubleImplementationForFiftySteps) {
  const int64_t n = 1003, steps = 50;
  ThreadPool pool(2);
  const Buffers found = Train(n, steps, pool);
  const std::vector<float> start = RandomFloats(n, 1, 0.5f);
  std::vector<double> p(start.begin(), start.end()), m(n), v(n);
  for (int64_t t = 1; t <= steps; ++t) {
    const AdamWStep s = Step(t);
    const std::vector<float> grad = RandomFloats(n, 100 + static_cast<int>(t), 0.1f);
    for (int64_t i = 0; i < n; ++i) {
      const double g = grad[i] * s.grad_scale;
      m[i] = s.beta1 * m[i] + (1 - s.beta1) * g;
      v[i] = s.beta2 * v[i] + (1 - s.beta2) * g * g;
      const double m_hat = m[i] / (1 - std::pow(s.beta1, static_cast<double>(t)));
      const double v_hat = v[i] / (1 - std::pow(s.beta2, static_cast<double>(t)));
      p[i] -= s.lr * (m_hat / (std::sqrt(v_hat) + s.eps) + s.weight_decay * p[i]);
    }
  }
  for (int64_t i = 0; i < n; ++i) {
    EXPECT_NEAR(found.param[i], p[i], 2e-6);
    EXPECT_NEAR(found.m[i], m[i], 1e-7);
    EXPECT_NEAR(found.v[i], v[i], 1e-8);
  }
}

TEST(AdamW, FirstStepMovesEachParameterByTheLearningRateAgainstItsGradient) {
  ThreadPool pool(1);
  std::vector<float> p = {1.0f, 1.0f, 1.0f}, m(3), v(3);
  const std::vector<float> grad = {4.0f, -0.25f, 0.0f};
  AdamW(p.data(), grad.data(), m.data(), v.data(), 3, {.lr = 0.125, .step = 1}, pool);
  EXPECT_NEAR(p[0], 0.875, 1e-6);
  EXPECT_NEAR(p[1], 1.125, 1e-6);
  EXPECT_EQ(p[2], 1.0f);
}

TEST(AdamW, WeightDecayAloneShrinksTheParameter) {
  ThreadPool pool(1);
  std::vector<float> p = {2.0f}, m(1), v(1);
  const std::vector<float> grad = {0.0f};
  AdamW(p.data(), grad.data(), m.data(), v.data(), 1, {.lr = 0.5, .weight_decay = 0.5}, pool);
  EXPECT_EQ(p[0], 1.5f);
}

TEST(AdamW, BitsDoNotDependOnThreadsOrTarget) {
  const int64_t n = 3 * 16384 + 29;
  ThreadPool one(1);
  const Buffers expected = Train(n, 3, one);
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    ForEachSimdTarget([&] {
      const Buffers found = Train(n, 3, pool);
      EXPECT_TRUE(SameBits(found.param, expected.param)) << threads << " threads";
      EXPECT_TRUE(SameBits(found.m, expected.m));
      EXPECT_TRUE(SameBits(found.v, expected.v));
    });
  }
}

TEST(AdamW, AnElementsBitsDoNotDependOnItsPlace) {
  ThreadPool pool(1);
  const Buffers all = Train(40, 1, pool);
  const std::vector<float> start = RandomFloats(40, 1, 0.5f), grad = RandomFloats(40, 101, 0.1f);
  for (int i = 0; i < 40; ++i) {
    float p = start[i], m = 0, v = 0;
    AdamW(&p, &grad[i], &m, &v, 1, Step(1), pool);
    EXPECT_EQ(p, all.param[i]);
  }
}

TEST(AdamW, RefusesAStepBeforeTheFirst) {
  ThreadPool pool(1);
  float p = 0, g = 0, m = 0, v = 0;
  EXPECT_THROW(AdamW(&p, &g, &m, &v, 1, {.step = 0}, pool), Error);
}

}  // namespace
}  // namespace r1zero::kernels
