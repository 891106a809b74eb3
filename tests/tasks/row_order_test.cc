#include "tasks/row_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "tasks/permutation.h"

namespace r1zero {
namespace {

std::vector<uint32_t> Epoch(const RowOrder& order, uint64_t seed, int64_t epoch, int set = 0,
                            int sets = 1) {
  std::vector<uint32_t> rows;
  for (int64_t i = 0; i < order.count(); ++i)
    rows.push_back(order.At(seed, epoch * order.count() + i, set, sets));
  return rows;
}

TEST(RowOrder, EveryEpochIsAPermutationOfItsOwn) {
  const RowOrder order({5, 9, 2, 7, 11, 40, 3});
  for (int64_t epoch = 0; epoch < 20; ++epoch) {
    auto rows = Epoch(order, 1, epoch);
    EXPECT_NE(rows, Epoch(order, 1, epoch + 1));
    std::sort(rows.begin(), rows.end());
    EXPECT_EQ(rows, (std::vector<uint32_t>{2, 3, 5, 7, 9, 11, 40}));
  }
  EXPECT_NE(Epoch(order, 1, 0), Epoch(order, 2, 0));
  EXPECT_NE(Epoch(order, 1, 3, 0, 2), Epoch(order, 1, 3, 1, 2))
      << "sets have shuffles of their own";
}

TEST(RowOrder, OfOneSetIsTheShuffleOfFileTasks) {
  std::vector<uint32_t> rows(27);
  std::iota(rows.begin(), rows.end(), 0);
  const RowOrder order(rows);
  for (int64_t n = 0; n < 100; ++n)
    EXPECT_EQ(order.At(4, n), PermutedIndex(4, RandomPurpose::kPrompt, n / 27, n % 27, 27));
}

TEST(RowOrder, EasyFirstGoesFromEasyToHardAndShufflesAmongEquals) {
  std::vector<RowOrder::RatedRow> rated;
  for (uint32_t row = 0; row < 60; ++row) rated.push_back({row, float(row % 3) / 2});
  const RowOrder order = RowOrder::EasyFirst(rated);
  for (int64_t epoch = 0; epoch < 5; ++epoch) {
    auto rows = Epoch(order, 1, epoch);
    for (size_t i = 0; i < rows.size(); ++i) EXPECT_EQ(rows[i] % 3, 2 - i / 20) << i;
    EXPECT_NE(rows, Epoch(order, 1, epoch + 1));
    std::sort(rows.begin(), rows.end());
    for (uint32_t row = 0; row < 60; ++row) EXPECT_EQ(rows[row], row);
  }
}

}  // namespace
}  // namespace r1zero
