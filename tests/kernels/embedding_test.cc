#include "kernels/embedding.h"

#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kVocab = 11, kRows = 150, D = 100;

std::vector<int32_t> Tokens() {
  std::mt19937 generator(1);
  std::vector<int32_t> tokens(kRows);
  for (int32_t& token : tokens) token = generator() % kVocab;
  return tokens;
}

TEST(Embedding, CopiesTheRowOfEachToken) {
  const Floats table = RandomFloats(kVocab * D, 2);
  const auto tokens = Tokens();
  Floats y(kRows * D);
  ThreadPool pool(2);
  Embedding(tokens.data(), table.data(), y.data(), kRows, D, pool);
  for (int64_t m = 0; m < kRows; ++m) {
    const float* row = &table[tokens[m] * D];
    EXPECT_TRUE(std::equal(row, row + D, &y[m * D])) << "row " << m;
  }
}

TEST(Embedding, BackwardAddsEachRowToThatOfItsToken) {
  const Floats dy = RandomFloats(kRows * D, 3);
  const auto tokens = Tokens();
  Floats dtable = RandomFloats(kVocab * D, 4);
  reference::Matrix expected = ToDouble(dtable);
  for (int64_t m = 0; m < kRows; ++m)
    for (int64_t d = 0; d < D; ++d) expected[tokens[m] * D + d] += dy[m * D + d];
  ThreadPool pool;
  EmbeddingBackward(tokens.data(), dy.data(), dtable.data(), kRows, D, pool);
  ExpectNear(dtable, expected, 3e-6);
}

TEST(Embedding, BackwardHasTheSameBitsForEverySplitAndThreadCount) {
  const Floats dy = RandomFloats(kRows * D, 3);
  const auto tokens = Tokens();
  const auto accumulate = [&](std::vector<int64_t> splits, ThreadPool& pool) {
    Floats dtable = RandomFloats(kVocab * D, 4);
    int64_t m = 0;
    for (const int64_t end : splits) {
      EmbeddingBackward(&tokens[m], &dy[m * D], dtable.data(), end - m, D, pool);
      m = end;
    }
    return dtable;
  };
  ThreadPool one;
  const Floats whole = accumulate({kRows}, one);
  EXPECT_TRUE(SameBits(accumulate({1, 100, kRows}, one), whole));
  ExpectSameBitsEverywhere([&](ThreadPool& pool) { return accumulate({kRows}, pool); });
}

}  // namespace
}  // namespace r1zero::kernels
