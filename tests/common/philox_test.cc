#include "common/philox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <set>
#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// kat_vectors of Random123 (https://github.com/DEShawResearch/random123), philox4x32 10.
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_THAT(Philox({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(Philox({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(SampleUniform, ReadsFourPositionsFromABlockKeyedByWhatTheNumberIsFor) {
  const PhiloxBlock block = Philox({5, 3, 0x89abcdef, 0x01234567}, {0x76543210, 0xfedcba98});
  for (uint32_t i = 0; i < 4; ++i)
    EXPECT_EQ(SampleUniform(0xfedcba9876543210, 0x0123456789abcdef, 3, 20 + i),
              static_cast<float>(block[i] >> 8) / 16777216.0f);
}

// Two equal numbers of 24 bits are chance; two equal rows of eight are a shared counter.
TEST(SampleUniform, EveryBitOfEveryInputMatters) {
  const auto row = [](uint64_t seed, uint64_t ordinal, uint32_t sample, uint32_t position) {
    std::vector<float> numbers;
    for (uint32_t i = 0; i < 8; ++i)
      numbers.push_back(SampleUniform(seed, ordinal, sample, position + i));
    return numbers;
  };
  std::set<std::vector<float>> rows = {row(0, 0, 0, 0)};
  for (int bit = 0; bit < 64; ++bit) {
    rows.insert(row(uint64_t{1} << bit, 0, 0, 0));
    rows.insert(row(0, uint64_t{1} << bit, 0, 0));
  }
  for (int bit = 0; bit < 32; ++bit) {
    rows.insert(row(0, 0, 1u << bit, 0));
    rows.insert(row(0, 0, 0, 1u << bit));
  }
  EXPECT_EQ(rows.size(), 1u + 64 + 64 + 32 + 32);
}

TEST(SampleUniform, IsSpreadEvenly) {
  std::vector<int> counts(16);
  constexpr int kDraws = 160'000;
  for (int i = 0; i < kDraws; ++i) {
    const float u = SampleUniform(1, i / 1000, i / 50 % 20, i % 50);
    ASSERT_TRUE(u >= 0 && u < 1) << u;
    ++counts[static_cast<int>(u * 16)];
  }
  double chi_squared = 0;
  for (const int count : counts)
    chi_squared += std::pow(count - kDraws / 16.0, 2) / (kDraws / 16.0);
  EXPECT_LT(chi_squared, 37.7);  // 15 degrees of freedom, p = 0.001
}

TEST(RandomStream, StreamsOfDifferentPurposeOrPlaceShareNoBlock) {
  std::set<std::vector<uint32_t>> blocks;
  const auto insert = [&](RandomStream stream) {
    for (int i = 0; i < 16; ++i) blocks.insert({stream(), stream(), stream(), stream()});
  };
  for (uint32_t purpose = 1; purpose <= 7; ++purpose) {
    insert(RandomStream(9, RandomPurpose{purpose}));
    insert(RandomStream(9, RandomPurpose{purpose}, 1));
    insert(RandomStream(9, RandomPurpose{purpose}, uint64_t{1} << 32));
    insert(RandomStream(9, RandomPurpose{purpose}, 0, 1));
    insert(RandomStream(10, RandomPurpose{purpose}));
  }
  EXPECT_EQ(blocks.size(), 7u * 5 * 16);
}

TEST(RandomStream, SharesNoBlockWithSampleUniform) {
  std::set<std::vector<float>> sampled;
  for (uint32_t position = 0; position < 4000; position += 4) {
    std::vector<float> block;
    for (uint32_t i = 0; i < 4; ++i) block.push_back(SampleUniform(9, 0, 0, position + i));
    sampled.insert(block);
  }
  RandomStream stream(9, RandomPurpose::kSample);
  for (int i = 0; i < 1000; ++i) {
    std::vector<float> block;
    for (int j = 0; j < 4; ++j) block.push_back(static_cast<float>(stream() >> 8) * 0x1p-24f);
    EXPECT_FALSE(sampled.contains(block));
  }
}

TEST(RandomStream, BelowIsUniformAndReachesBothEnds) {
  RandomStream stream(3, RandomPurpose::kPrompt);
  std::vector<int> counts(6);
  constexpr int kDraws = 60'000;
  for (int i = 0; i < kDraws; ++i) ++counts.at(stream.Below(6));
  double chi_squared = 0;
  for (const int count : counts) chi_squared += std::pow(count - kDraws / 6.0, 2) / (kDraws / 6.0);
  EXPECT_LT(chi_squared, 20.5);  // 5 degrees of freedom, p = 0.001
}

// With n of about 3/4 * 2^63 a modulo of 64 bits would make the lower third twice as likely.
TEST(RandomStream, BelowHasNoModuloBias) {
  RandomStream stream(4, RandomPurpose::kPrompt);
  const int64_t n = int64_t{3} << 61;
  int low = 0;
  for (int i = 0; i < 30'000; ++i) {
    const int64_t x = stream.Below(n);
    ASSERT_TRUE(x >= 0 && x < n);
    low += x < n / 3;
  }
  EXPECT_NEAR(low, 10'000, 5 * std::sqrt(30'000 * 2.0 / 9));
}

TEST(RandomStream, BelowNeedsAPositiveBound) {
  RandomStream stream(4, RandomPurpose::kPrompt);
  EXPECT_THROW(stream.Below(0), Error);
  EXPECT_EQ(stream.Below(1), 0);
}

TEST(RandomStream, NormalHasTheMomentsOfAStandardNormal) {
  RandomStream stream(5, RandomPurpose::kInit);
  constexpr int kDraws = 200'000;
  double sum = 0, squares = 0, fourth = 0, beyond_two = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double x = stream.Normal();
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond_two += std::abs(x) > 2;
  }
  EXPECT_NEAR(sum / kDraws, 0, 5 / std::sqrt(kDraws));
  EXPECT_NEAR(squares / kDraws, 1, 5 * std::sqrt(2.0 / kDraws));
  EXPECT_NEAR(fourth / kDraws, 3, 5 * std::sqrt(96.0 / kDraws));
  EXPECT_NEAR(beyond_two / kDraws, 0.0455, 5 * std::sqrt(0.0455 / kDraws));
}

// The polar method again, with the C library's logarithm.
TEST(RandomStream, NormalAgreesWithThePolarMethodOverLibm) {
  RandomStream stream(6, RandomPurpose::kInit, 7, 8);
  RandomStream same = stream;
  for (int i = 0; i < 10'000; ++i) {
    double u, s;
    do {
      u = 2 * same.Uniform() - 1;
      const double v = 2 * same.Uniform() - 1;
      s = u * u + v * v;
    } while (s >= 1 || s == 0);
    const double expected = u * std::sqrt(-2 * std::log(s) / s);
    EXPECT_NEAR(stream.Normal(), expected, 2e-15 * std::abs(expected));
  }
}

TEST(RandomStream, UniformUsesFiftyThreeBits) {
  RandomStream stream(6, RandomPurpose::kCorpus);
  uint64_t seen = 0;
  for (int i = 0; i < 1000; ++i) {
    const double u = stream.Uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    seen |= static_cast<uint64_t>(u * 0x1p53);
  }
  EXPECT_EQ(seen, (uint64_t{1} << 53) - 1);
}

}  // namespace
}  // namespace r1zero
