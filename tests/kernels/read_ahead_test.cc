#include "kernels/read_ahead.h"

#include <gtest/gtest.h>

#include <vector>

#include "kernels/attention.h"
#include "kernels/matmul.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kLine = ReadAhead::kLineFloats;
constexpr int64_t kLineBytes = kLine * sizeof(float);

// All lines that the plan gives, `most` at a time.
std::vector<const float*> TakeAll(ReadAhead& ahead, int64_t most) {
  std::vector<const float*> lines;
  for (auto next = ahead.Take(most); next.count > 0; next = ahead.Take(most)) {
    EXPECT_LE(next.count, most);
    for (int64_t i = 0; i < next.count; ++i) lines.push_back(next.first + i * kLine);
  }
  return lines;
}

TEST(ReadAhead, GivesTheLinesOfThePlanInItsOrderEachOnce) {
  const std::vector<float> memory(20 * kLine);
  const float* p = memory.data();
  const std::vector<int32_t> table = {3, 1};
  ReadAhead ahead(100 * kLineBytes);
  ahead.Add(p, 2 * kLine + 1);
  ahead.AddCached();
  ahead.Add(p + 4 * kLine, table.data(), 2, 2 * kLine);
  EXPECT_EQ(TakeAll(ahead, 2), (std::vector{p, p + kLine, p + 2 * kLine, p + 10 * kLine,
                                            p + 11 * kLine, p + 6 * kLine, p + 7 * kLine}));
}

TEST(ReadAhead, StopsAtItsDistanceAndGoesOnAsTheReaderDoes) {
  const std::vector<float> memory(20 * kLine);
  ReadAhead ahead(3 * kLineBytes);
  for (int i = 0; i < 5; ++i) ahead.Add(memory.data() + 2 * i * kLine, 2 * kLine);
  EXPECT_EQ(TakeAll(ahead, 8).size(), 3u);
  ahead.Reach();  // its two lines count as read: two more may come
  EXPECT_EQ(TakeAll(ahead, 8).size(), 2u);
  ahead.Reach(3);
  EXPECT_EQ(TakeAll(ahead, 8).size(), 2u) << "the last entry";
}

TEST(ReadAhead, DoesNotAskForWhatIsBeingReadAlready) {
  const std::vector<float> memory(8 * kLine);
  ReadAhead ahead(100 * kLineBytes);
  ahead.Add(memory.data(), 4 * kLine);
  ahead.Add(memory.data() + 4 * kLine, kLine);
  ahead.Reach();
  EXPECT_EQ(TakeAll(ahead, 8), (std::vector{memory.data() + 4 * kLine}));
}

TEST(ReadAhead, EndsWhereThePlanEnds) {
  ReadAhead ahead;
  EXPECT_EQ(ahead.Take(4).count, 0);
  ahead.AddCached();
  ahead.Reach(7);
  EXPECT_EQ(ahead.Take(4).count, 0);
  ahead.Clear();
  EXPECT_EQ(ahead.Take(4).count, 0);
}

// A product takes up the plan entry by entry: what lies behind it is asked for, and nothing of itself
// is left to ask for when it is done.
TEST(ReadAhead, AProductReachesAllItsEntriesAndAsksForWhatFollows) {
  const int64_t K = 40, N = 100, M = 30;
  PackedMatrix b;
  PackForward(std::vector<float>(K * N, 1).data(), N, K, b);
  const std::vector<float> x(K * M, 1), behind(100 * kLine);
  std::vector<float> plain(M * N), y(M * N);
  ThreadPool pool(1);
  MatMul(x.data(), K, b, plain.data(), N, M, pool);
  ReadAhead ahead(int64_t{1} << 20);
  PlanMatMul(b, /*cached=*/false, ahead);
  ahead.Add(behind.data(), 100 * kLine);
  ASSERT_EQ(ahead.entries(), NumPlanEntries(b) + 1);
  MatMul(x.data(), K, b, y.data(), N, M, pool, &ahead);
  EXPECT_EQ(ahead.reached(), NumPlanEntries(b));
  EXPECT_EQ(y, plain);
  EXPECT_EQ(ahead.Take(1).count, 0) << "30 rows have steps enough to ask for 100 lines";
}

TEST(ReadAhead, AttentionHasAnEntryARowWithoutTheBlocksOfTheRowBefore) {
  const AttentionShape shape{.heads = 1, .kv_heads = 1, .head_width = 16, .scale = 1};
  const int64_t floats = KvBlockSize(shape);
  const std::vector<float> blocks(8 * floats);
  const std::vector<int32_t> first = {5}, second = {5, 3}, third = {5, 2}, alone = {7};
  const std::vector<AttentionRow> rows = {{first.data(), 9},
                                          {second.data(), 20},
                                          {third.data(), 19},
                                          {third.data(), 20},
                                          {alone.data(), 1}};
  ReadAhead ahead(int64_t{1} << 20);
  PlanAttention(rows.data(), 5, shape, blocks.data(), ahead);
  std::vector<int64_t> numbers;
  for (auto next = ahead.Take(floats); next.count > 0; next = ahead.Take(floats)) {
    EXPECT_EQ(next.count * kLine, floats);
    numbers.push_back((next.first - blocks.data()) / floats);
  }
  EXPECT_EQ(numbers, (std::vector<int64_t>{5, 3, 2, 7}));
}

}  // namespace
}  // namespace r1zero::kernels
