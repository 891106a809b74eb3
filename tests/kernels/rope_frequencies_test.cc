#include "kernels/rope_frequencies.h"

#include <gtest/gtest.h>

#include <cmath>

namespace r1zero::kernels {
namespace {

TEST(RopeFrequencies, ArePowersOfTheta) {
  const auto frequencies = RopeFrequencies(64, 500000);
  ASSERT_EQ(frequencies.size(), 32);
  for (int i = 0; i < 32; ++i)
    EXPECT_NEAR(frequencies[i], std::pow(500000, -i / 32.0), 1e-13 * frequencies[i]);
}

// As Llama 3.1 has it: 8 times the context of 8,192.
TEST(RopeFrequencies, OfLlama3KeepFastTurnsAndStretchSlowOnesByTheFactor) {
  const RopeScaling scaling{8, 1, 4, 8192};
  const auto plain = RopeFrequencies(128, 500000), scaled = RopeFrequencies(128, 500000, scaling);
  int kept = 0, between = 0, stretched = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    const double turns = 8192 * plain[i] / (2 * M_PI);  // within the original context
    if (turns > 4) {
      EXPECT_EQ(scaled[i], plain[i]) << ++kept;
    } else if (turns < 1) {
      EXPECT_EQ(scaled[i], plain[i] / 8) << ++stretched;
    } else {
      const double share = (turns - 1) / 3;
      EXPECT_NEAR(scaled[i], plain[i] * (share + (1 - share) / 8), 1e-13 * plain[i]) << ++between;
    }
  }
}

TEST(RopeFrequencies, WithAFactorOfOneAreThoseWithoutScaling) {
  const auto plain = RopeFrequencies(32, 10000);
  const auto scaled = RopeFrequencies(32, 10000, {1, 1, 4, 64});
  for (size_t i = 0; i < plain.size(); ++i) EXPECT_NEAR(scaled[i], plain[i], 1e-15 * plain[i]) << i;
}

}  // namespace
}  // namespace r1zero::kernels
