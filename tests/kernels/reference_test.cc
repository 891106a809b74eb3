#include "kernels/reference.h"

#include <gtest/gtest.h>

#include <cmath>

namespace r1zero::kernels::reference {
namespace {

TEST(Reference, MatMulMultipliesByTheTransposedWeight) {
  const Matrix x_MK{1, 2, 3, 4, 5, 6};
  const Matrix w_NK{1, 0, -1, 2, 1, 0};
  EXPECT_EQ(MatMul(x_MK, w_NK, 2, 2, 3), (Matrix{-2, 4, -2, 13}));
}

TEST(Reference, RmsNormGivesRowsOfRootMeanSquareOne) {
  const Matrix y = RmsNorm({3, 4, 6, 8}, {1, 2}, 0, 2, 2);
  const double rms = std::sqrt(12.5);
  EXPECT_DOUBLE_EQ(y[0], 3 / rms);
  EXPECT_DOUBLE_EQ(y[1], 2 * 4 / rms);
  EXPECT_DOUBLE_EQ(y[2], y[0]);
}

TEST(Reference, AttentionOfOneTokenIsItsValue) {
  const Matrix v{5, 6};
  EXPECT_EQ(Attention({1, 2, 3, 4}, {7, 8}, v, 1, 2, 1, 2, 0.5), (Matrix{5, 6, 5, 6}));
}

TEST(Reference, AttentionOfEqualKeysAveragesTheValuesSoFar) {
  EXPECT_EQ(Attention({1, 1, 1}, {2, 2, 2}, {3, 5, 10}, 3, 1, 1, 1, 1), (Matrix{3, 4, 6}));
}

TEST(Reference, AttentionWeighsByTheExponentialOfTheScaledScore) {
  const Matrix out = Attention({0, 2}, {0, std::log(3.0)}, {0, 1}, 2, 1, 1, 1, 0.5);
  EXPECT_NEAR(out[1], 0.75, 1e-15);
}

TEST(Reference, SwiGluGatesUpBySigmoidTimesGate) {
  const Matrix y = SwiGlu({0, 2, 7, 3}, 1, 2);
  EXPECT_EQ(y[0], 0);
  EXPECT_DOUBLE_EQ(y[1], 2 / (1 + std::exp(-2.0)) * 3);
}

TEST(Reference, LogSoftmaxNormalisesLargeLogits) {
  const Matrix logprob = LogSoftmax({1000, 1000, 1000 + std::log(2.0)}, 1, 3);
  EXPECT_NEAR(logprob[0], std::log(0.25), 1e-12);
  EXPECT_NEAR(logprob[2], std::log(0.5), 1e-12);
}

}  // namespace
}  // namespace r1zero::kernels::reference
