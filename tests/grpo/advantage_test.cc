#include "grpo/advantage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr AdvantageStd kAll[] = {AdvantageStd::kUnbiased, AdvantageStd::kPopulation,
                                 AdvantageStd::kLeaveOneOut, AdvantageStd::kBatch,
                                 AdvantageStd::kNone};

TEST(Advantages, AreTheWorkedExampleOfTwoGroups) {
  const std::vector<double> rewards = {1, 0, 0, 1, 3, 1, 1, 1};
  const float half_over_std = static_cast<float>(0.5 / std::sqrt(1.0 / 3));
  EXPECT_THAT(Advantages(rewards, 4, AdvantageStd::kUnbiased, 0),
              ElementsAre(FloatEq(half_over_std), FloatEq(-half_over_std), FloatEq(-half_over_std),
                          FloatEq(half_over_std), FloatEq(1.5f), FloatEq(-0.5f), FloatEq(-0.5f),
                          FloatEq(-0.5f)));
  EXPECT_THAT(Advantages(rewards, 4, AdvantageStd::kNone, 0),
              ElementsAre(0.5f, -0.5f, -0.5f, 0.5f, 1.5f, -0.5f, -0.5f, -0.5f));
}

TEST(Advantages, AddEpsToTheStandardDeviation) {
  const std::vector<double> rewards = {0, 2};  // mean 1, population std 1
  EXPECT_THAT(Advantages(rewards, 2, AdvantageStd::kPopulation, 1), ElementsAre(-0.5f, 0.5f));
}

TEST(Advantages, OfTheBatchDivideEveryGroupByOneNumber) {
  const std::vector<double> rewards = {0, 1, 0, 3};  // mean 1; unbiased std sqrt(2)
  const float root = std::sqrt(2.0f);
  EXPECT_THAT(Advantages(rewards, 2, AdvantageStd::kBatch, 0),
              ElementsAre(FloatEq(-0.5f / root), FloatEq(0.5f / root), FloatEq(-1.5f / root),
                          FloatEq(1.5f / root)));
}

TEST(Advantages, LeaveOneOutComparesWithTheOthersOnly) {
  // The others of the first: {1, 3}, mean 2, std sqrt(2). Those of the second: {0, 3}, std
  // 3/sqrt(2).
  const std::vector<double> rewards = {0, 1, 3};
  const double root = std::sqrt(2.0);
  EXPECT_THAT(Advantages(rewards, 3, AdvantageStd::kLeaveOneOut, 0),
              ElementsAre(FloatNear(static_cast<float>(-2 / root), 1e-6f),
                          FloatNear(static_cast<float>(-0.5 / (3 / root)), 1e-6f),
                          FloatNear(static_cast<float>(2.5 / (1 / root)), 1e-6f)));
}

TEST(Advantages, LeaveOneOutDividesOnlyWhereTheOthersDiffer) {
  // The others of the last are equal: no division. The others of the first two are not.
  const auto advantages =
      Advantages(std::vector<double>{0.1, 0.1, 1.1}, 3, AdvantageStd::kLeaveOneOut, 1e-6);
  EXPECT_FLOAT_EQ(advantages[2], 1.0f);
  EXPECT_NEAR(advantages[0], -0.5 / std::sqrt(0.5), 1e-5);
}

TEST(Advantages, OfEqualRewardsAreExactlyZero) {
  const std::vector<double> rewards(7, 0.1);  // 0.1 * 7 / 7 is not 0.1 in every order of rounding
  for (AdvantageStd std : kAll) EXPECT_THAT(Advantages(rewards, 7, std, 1e-9), Each(0.0f));
}

TEST(Advantages, SumToZeroInEachGroupAndIgnoreAShiftAndAScale) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> uniform(0, 1);
  std::vector<double> rewards(32), moved(32);
  for (size_t i = 0; i < rewards.size(); ++i) {
    rewards[i] = uniform(random);
    moved[i] = 3 * rewards[i] + 10;
  }
  const auto a = Advantages(rewards, 8, AdvantageStd::kUnbiased, 0);
  const auto b = Advantages(moved, 8, AdvantageStd::kUnbiased, 0);
  for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 1e-5);
  for (size_t g = 0; g < 4; ++g)
    EXPECT_NEAR(std::accumulate(a.begin() + g * 8, a.begin() + g * 8 + 8, 0.0), 0, 1e-5);
}

TEST(Advantages, OfBadRewardsAreErrorsThatSayWhich) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(
      [&] {
        Advantages(std::vector<double>{0, nan}, 2, AdvantageStd::kNone, 0);
      },
      ThrowsMessage<Error>(HasSubstr("reward 1 is nan")));
  EXPECT_THAT(
      [&] {
        Advantages(std::vector<double>{0, 1, 2}, 2, AdvantageStd::kNone, 0);
      },
      ThrowsMessage<Error>(HasSubstr("3 rewards do not divide into groups of 2")));
  EXPECT_THROW(Advantages(std::vector<double>{0}, 1, AdvantageStd::kNone, 0), Error);
  EXPECT_THAT([&] { ParseAdvantageStd("biased"); },
              ThrowsMessage<Error>(HasSubstr("leave-one-out")));
}

}  // namespace
}  // namespace r1zero
