#include "kernels/bias.h"

#include <gtest/gtest.h>

#include <vector>

namespace r1zero::kernels {
namespace {

TEST(Bias, IsAddedToEveryRowAndToNothingBehindIt) {
  std::vector<float> y = {1, 2, 3, -9, 4, 5, 6, -9};
  const std::vector<float> bias = {0.5f, -1, 2};
  AddBias(y.data(), 4, bias.data(), 2, 3);
  EXPECT_EQ(y, (std::vector<float>{1.5f, 1, 5, -9, 4.5f, 4, 8, -9}));
}

// 2^24 + 1 is not a float: adding ones one after another to what is there gives another sum than
// adding their sum.
TEST(Bias, GradientIsSummedOverRowsAscendingIntoWhatIsThere) {
  const std::vector<float> dy = {1, 7, 1, 7, 1, 7};
  std::vector<float> dbias = {0x1p24f, 100};
  AccumulateBiasGradient(dy.data(), 2, dbias.data(), 3, 2);
  EXPECT_EQ(dbias, (std::vector<float>{0x1p24f, 121}));
}

TEST(Bias, GradientOfTwoBatchesHasTheBitsOfOne) {
  std::vector<float> dy;
  for (int i = 0; i < 60; ++i) dy.push_back(1.0f / static_cast<float>(i + 3));
  std::vector<float> whole(3, 0.1f), parts = whole;
  AccumulateBiasGradient(dy.data(), 3, whole.data(), 20, 3);
  AccumulateBiasGradient(dy.data(), 3, parts.data(), 7, 3);
  AccumulateBiasGradient(dy.data() + 7 * 3, 3, parts.data(), 13, 3);
  EXPECT_EQ(whole, parts);
}

}  // namespace
}  // namespace r1zero::kernels
