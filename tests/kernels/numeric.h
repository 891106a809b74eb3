// Numbers to test kernels with, and the comparison of a kernel in float with its formula in double.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "kernels/reference.h"
#include "kernels/thread_pool.h"
#include "tests/kernels/simd_targets.h"

namespace r1zero::kernels {

using Floats = std::vector<float>;

// n numbers, uniform in [-scale, scale).
inline Floats RandomFloats(int64_t n, uint32_t seed, float scale = 1.0f) {
  std::mt19937 generator(seed);
  Floats x(n);
  for (float& value : x) {
    value = scale * (static_cast<float>(generator() >> 8) * 0x1p-23f - 1.0f);
  }
  return x;
}

inline reference::Matrix ToDouble(const Floats& x) { return {x.begin(), x.end()}; }

// Every element of `found` within `tolerance` of its expected value, relative where that is
// above 1.
inline void ExpectNear(const Floats& found, const reference::Matrix& expected, double tolerance) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    const double bound = tolerance * std::max(1.0, std::abs(expected[i]));
    ASSERT_NEAR(found[i], expected[i], bound) << "element " << i;
  }
}

inline double Dot(const reference::Matrix& a, const Floats& b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// Expects gradient[i] to be the derivative of loss(x) by x[i], taken by central differences in
// double, at up to 300 places spread over x.
template <typename Loss>
void ExpectGradient(const Floats& gradient, const Floats& x, double tolerance, const Loss& loss) {
  constexpr double kStep = 1e-5;
  ASSERT_EQ(gradient.size(), x.size());
  reference::Matrix moved = ToDouble(x);
  const size_t stride = x.size() / 300 + 1;
  for (size_t i = 0; i < x.size(); i += stride) {
    moved[i] = x[i] + kStep;
    const double above = loss(moved);
    moved[i] = x[i] - kStep;
    const double below = loss(moved);
    moved[i] = x[i];
    const double expected = (above - below) / (2 * kStep);
    ASSERT_NEAR(gradient[i], expected, tolerance * std::max(1.0, std::abs(expected)))
        << "element " << i;
  }
}

// Expects compute(pool), which returns floats, to give the same bits on 1, 2 and 4 threads and on
// every SIMD target.
template <typename Compute>
void ExpectSameBitsEverywhere(const Compute& compute) {
  ThreadPool one(1);
  const Floats expected = compute(one);
  for (const int threads : {2, 4}) {
    ThreadPool pool(threads);
    EXPECT_TRUE(SameBits(compute(pool), expected)) << threads << " threads";
  }
  ExpectSameBitsOnEveryTarget([&] { return compute(one); });
}

// Several results as one, to compare the bits of all.
inline Floats Concatenate(std::initializer_list<Floats> parts) {
  Floats all;
  for (const Floats& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace r1zero::kernels
