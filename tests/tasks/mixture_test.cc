#include "tasks/mixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "common/error.h"

namespace r1zero {
namespace {

using testing::ElementsAre;

const std::vector<std::vector<double>> kWeights = {
    {1},        {1, 1},          {3, 1},    {1, 2, 4},
    {0.3, 0.7}, {0.1, 0.2, 0.7}, {1, 1e-9}, {5, 5, 5, 1, 1, 1, 1},
    {20000, 1}};

double Due(const Mixture& mixture, int set) {
  return static_cast<double>(mixture.share(set)) / static_cast<double>(mixture.cycle());
}

TEST(Mixture, EverySetHasItsShareOfAnyFirstPromptsToWithinTwo) {
  for (const auto& weights : kWeights)
    for (const uint64_t seed : {1, 2, 99}) {
      const Mixture mixture(weights);
      std::vector<int64_t> asked(weights.size());
      for (int64_t n = 0; n < 25000; ++n) {
        const auto [set, number] = mixture.At(seed, n);
        ASSERT_EQ(number, asked[static_cast<size_t>(set)]++) << n;
        for (size_t i = 0; i < weights.size(); ++i)
          ASSERT_LT(std::abs(double(asked[i]) - double(n + 1) * Due(mixture, int(i))), 2) << n;
      }
    }
}

TEST(Mixture, ACycleHasExactlyTheShares) {
  for (const auto& weights : kWeights) {
    const Mixture mixture(weights);
    std::vector<int64_t> asked(weights.size());
    for (int64_t n = 777; n < 777 + mixture.cycle(); ++n)
      ++asked[static_cast<size_t>(mixture.At(5, n).set)];
    for (size_t i = 0; i < weights.size(); ++i) EXPECT_EQ(asked[i], mixture.share(int(i)));
  }
}

TEST(Mixture, WholeWeightsAreMetExactlyAndOthersNearly) {
  const Mixture whole(std::vector<double>{6, 2});
  EXPECT_EQ(whole.cycle(), 4);
  EXPECT_EQ(whole.share(0), 3);
  const Mixture thirds(std::vector<double>{1.0 / 3, 2.0 / 3});
  EXPECT_EQ(thirds.cycle(), Mixture::kLongestCycle);
  EXPECT_EQ(thirds.share(0), 3333);
  EXPECT_EQ(Mixture(std::vector<double>{1, 1e-9}).share(1), 1);
}

TEST(Mixture, AnyPlaceIsKnownAloneAndSeedsDiffer) {
  const Mixture mixture(std::vector<double>{0.31, 0.69});
  constexpr int64_t kFar = int64_t{1} << 50;
  const auto far = mixture.At(3, kFar);
  EXPECT_NEAR(double(far.number) / double(kFar), Due(mixture, far.set), 1e-9);
  int differ = 0;
  for (int64_t n = 0; n < 100; ++n) differ += mixture.At(1, n).set != mixture.At(2, n).set;
  EXPECT_GT(differ, 0);
}

TEST(Mixture, WeightsThatAreNoneAreRefused) {
  for (const std::vector<double>& weights :
       {std::vector<double>{}, {0}, {1, -1}, {1, std::numeric_limits<double>::infinity()}})
    EXPECT_THROW(Mixture{weights}, Error);
}

TEST(Apportion, GivesWholeNumbersWithTheRightSum) {
  EXPECT_THAT(Apportion(std::vector<double>{1, 1, 1}, 10), ElementsAre(4, 3, 3));
  EXPECT_THAT(Apportion(std::vector<double>{5, 3, 2}, 10), ElementsAre(5, 3, 2));
  EXPECT_THAT(Apportion(std::vector<double>{1000, 1, 1}, 3), ElementsAre(1, 1, 1));
  EXPECT_THAT(Apportion(std::vector<double>{1, 2, 4}, 10), ElementsAre(1, 3, 6));
}

}  // namespace
}  // namespace r1zero
