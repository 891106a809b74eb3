#include "kernels/gradient_norm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/kernels/simd_targets.h"

namespace r1zero::kernels {
namespace {

std::vector<float> RandomFloats(int64_t n) {
  std::mt19937 random(5);
  std::normal_distribution<float> normal;
  std::vector<float> x(n);
  for (float& value : x) value = normal(random);
  return x;
}

TEST(GradientNorm, IsTheNormInLongDouble) {
  ThreadPool pool(2);
  for (const int64_t n : {0, 1, 7, 8, 9, 4095, 4096, 4097, 100003}) {
    const std::vector<float> x = RandomFloats(n);
    long double sum = 0;
    for (const float value : x) sum += static_cast<long double>(value) * value;
    const auto expected = static_cast<double>(std::sqrt(sum));
    EXPECT_NEAR(GradientNorm(x.data(), n, pool), expected, 1e-14 * expected) << "n = " << n;
  }
}

TEST(GradientNorm, OfThreeAndFourIsFive) {
  ThreadPool pool(1);
  std::vector<float> x(9000, 0.0f);
  x[17] = 3;
  x[8999] = -4;
  EXPECT_EQ(GradientNorm(x.data(), 9000, pool), 5.0);
}

TEST(GradientNorm, NeitherOverflowsNorUnderflowsWhereFloatWould) {
  ThreadPool pool(1);
  const std::vector<float> large(4, 1e38f), small(4, 1e-38f);
  EXPECT_DOUBLE_EQ(GradientNorm(large.data(), 4, pool), 2.0 * 1e38f);
  EXPECT_DOUBLE_EQ(GradientNorm(small.data(), 4, pool), 2.0 * 1e-38f);
}

TEST(GradientNorm, BitsDoNotDependOnThreadsOrTarget) {
  for (const int64_t n : {5, 4097, 250007}) {
    const std::vector<float> x = RandomFloats(n);
    ThreadPool one(1);
    const double expected = GradientNorm(x.data(), n, one);
    for (const int threads : {1, 2, 4}) {
      ThreadPool pool(threads);
      ForEachSimdTarget([&] { EXPECT_EQ(GradientNorm(x.data(), n, pool), expected) << n; });
    }
  }
}

TEST(GradientNorm, IsNotFiniteWhenAnElementIsNot) {
  ThreadPool pool(1);
  std::vector<float> x(5000, 1.0f);
  x[4999] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(GradientNorm(x.data(), 5000, pool), std::numeric_limits<double>::infinity());
  x[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_TRUE(std::isnan(GradientNorm(x.data(), 5000, pool)));
}

}  // namespace
}  // namespace r1zero::kernels
