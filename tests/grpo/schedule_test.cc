#include "grpo/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace r1zero {
namespace {

TEST(ScheduledLr, WarmsUpStaysAndFallsToItsFraction) {
  const OptimizerConfig config{
      .lr = 1, .warmup_steps = 5, .final_lr_fraction = 0.2, .decay_start = 0.5};
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 0, 101), 0.2);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 3, 101), 0.8);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 4, 101), 1);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 50, 101), 1);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 75, 101), 0.6);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 100, 101), 0.2);
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 150, 101), 0.2) << "a run that goes on stays low";
}

TEST(ScheduledLr, IsConstantByDefaultAfterTheWarmUp) {
  const OptimizerConfig config{.lr = 3, .warmup_steps = 0};
  for (const int64_t step : {0, 1, 79, 80, 159}) EXPECT_EQ(ScheduledLr(config, step, 160), 3);
  EXPECT_EQ(ScheduledLr(config, 0, 1), 3);
}

TEST(ScheduledLr, PretrainingFollowsACosineOverTokens) {
  const PretrainConfig config{.tokens = 1000, .lr = 1, .final_lr_fraction = 0.1, .warmup_steps = 4};
  EXPECT_DOUBLE_EQ(ScheduledLr(config, 0, 0), 0.25);
  EXPECT_NEAR(ScheduledLr(config, 10, 250), 0.1 + 0.9 * (1 + std::sqrt(0.5)) / 2, 1e-12);
  EXPECT_NEAR(ScheduledLr(config, 20, 500), 0.55, 1e-12);
  EXPECT_NEAR(ScheduledLr(config, 40, 1000), 0.1, 1e-12);
}

}  // namespace
}  // namespace r1zero
