#include "tasks/permutation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

std::vector<int64_t> Epoch(uint64_t seed, uint64_t epoch, int64_t count) {
  std::vector<int64_t> order;
  for (int64_t i = 0; i < count; ++i)
    order.push_back(PermutedIndex(seed, RandomPurpose::kPrompt, epoch, i, count));
  return order;
}

TEST(Permutation, HitsEveryPlaceOnceForAnyCount) {
  for (const int64_t count : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 1000, 4097}) {
    const auto order = Epoch(1, 0, count);
    const std::set<int64_t> places(order.begin(), order.end());
    EXPECT_EQ(static_cast<int64_t>(places.size()), count);
    EXPECT_EQ(*places.begin(), 0);
    EXPECT_EQ(*places.rbegin(), count - 1);
  }
}

TEST(Permutation, SeedsAndEpochsShuffleAnew) {
  EXPECT_EQ(Epoch(1, 2, 50), Epoch(1, 2, 50));
  EXPECT_NE(Epoch(1, 2, 50), Epoch(1, 3, 50));
  EXPECT_NE(Epoch(1, 2, 50), Epoch(2, 2, 50));
}

TEST(Permutation, EveryThingComesFirstEquallyOften) {
  for (const int64_t count : {2, 5, 12}) {
    std::vector<int> first(count);
    constexpr int kEpochs = 6000;
    for (int epoch = 0; epoch < kEpochs; ++epoch)
      ++first[PermutedIndex(9, RandomPurpose::kPrompt, epoch, 0, count)];
    const double expected = double(kEpochs) / double(count);
    for (int times : first) EXPECT_NEAR(times, expected, 5 * std::sqrt(expected));
  }
}

TEST(Permutation, LargeCountsStayInsideAndOutsideIsRefused) {
  constexpr int64_t kCount = (int64_t{1} << 40) + 1;
  std::set<int64_t> places;
  for (int64_t i = 0; i < 1000; ++i) {
    const int64_t place = PermutedIndex(1, RandomPurpose::kCorpus, 0, kCount - 1 - i, kCount);
    EXPECT_TRUE(0 <= place && place < kCount);
    places.insert(place);
  }
  EXPECT_EQ(places.size(), 1000u);
  EXPECT_THROW(PermutedIndex(1, RandomPurpose::kCorpus, 0, 5, 5), Error);
  EXPECT_THROW(PermutedIndex(1, RandomPurpose::kCorpus, 0, -1, 5), Error);
}

}  // namespace
}  // namespace r1zero
