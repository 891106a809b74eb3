#include "grpo/estimators.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "common/error.h"

namespace r1zero {
namespace {

TEST(PassAtK, IsTheShareOfSubsetsThatHoldARightSample) {
  for (int n = 1; n <= 9; ++n)
    for (int c = 0; c <= n; ++c)
      for (int k = 1; k <= n; ++k) {
        int subsets = 0, with_a_right_one = 0;
        for (unsigned subset = 0; subset < (1u << n); ++subset) {
          if (std::popcount(subset) != k) continue;
          ++subsets;
          with_a_right_one += (subset & ((1u << c) - 1)) != 0;
        }
        EXPECT_NEAR(PassAtK(n, c, k), static_cast<double>(with_a_right_one) / subsets, 1e-12)
            << n << " " << c << " " << k;
      }
}

TEST(PassAtK, DoesNotOverflowForManySamples) {
  EXPECT_NEAR(PassAtK(100'000, 1, 50'000), 0.5, 1e-9);
  EXPECT_EQ(PassAtK(100'000, 100'000, 1), 1);
}

TEST(PassAtK, RefusesMoreThanThereAre) {
  EXPECT_THROW(PassAtK(4, 1, 5), Error);
  EXPECT_THROW(PassAtK(4, 5, 1), Error);
  EXPECT_THROW(PassAtK(4, 1, 0), Error);
}

TEST(MeanWithInterval, CoversTheTrueMeanAboutNineteenTimesInTwenty) {
  std::mt19937 random(7);
  std::bernoulli_distribution right(0.3);
  int covered = 0;
  constexpr int kTrials = 200;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> per_problem(100);
    for (double& p : per_problem) p = right(random);
    const Estimate e = MeanWithInterval(per_problem, static_cast<uint64_t>(trial));
    EXPECT_LE(e.low, e.value);
    EXPECT_GE(e.high, e.value);
    covered += e.low <= 0.3 && 0.3 <= e.high;
  }
  // 95% less the bootstrap's small-sample loss; four binomial standard errors to either side.
  EXPECT_GE(covered, 0.90 * kTrials);
  EXPECT_LE(covered, 0.99 * kTrials);
}

TEST(MeanWithInterval, HasTheWidthOfTheNormalApproximation) {
  std::vector<double> per_problem(400);
  for (size_t i = 0; i < per_problem.size(); ++i) per_problem[i] = i % 4 == 0;
  const Estimate e = MeanWithInterval(per_problem, 1);
  const double half_width = 1.96 * std::sqrt(0.25 * 0.75 / 400);
  EXPECT_DOUBLE_EQ(e.value, 0.25);
  EXPECT_NEAR(e.low, 0.25 - half_width, 0.006);
  EXPECT_NEAR(e.high, 0.25 + half_width, 0.006);
}

TEST(MeanWithInterval, OfEqualValuesIsThatValue) {
  const Estimate e = MeanWithInterval(std::vector<double>(10, 0.5), 1);
  EXPECT_EQ(e.low, 0.5);
  EXPECT_EQ(e.high, 0.5);
}

TEST(MeanWithInterval, IsAFunctionOfItsSeed) {
  std::vector<double> values = {0, 1, 0.2, 0.7, 0.1, 0.9};
  const Estimate a = MeanWithInterval(values, 5), b = MeanWithInterval(values, 5);
  EXPECT_EQ(a.low, b.low);
  EXPECT_EQ(a.high, b.high);
  EXPECT_THROW(MeanWithInterval({}, 1), Error);
}

}  // namespace
}  // namespace r1zero
