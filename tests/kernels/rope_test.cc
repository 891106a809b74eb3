#include "kernels/rope.h"

#include <gmock/gmock.h>

#include <numeric>

#include "common/error.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr double kTheta = 10000;
constexpr int64_t kPositions = 300;

double Angle(int64_t position, int64_t i, int64_t half_width) {
  return position * std::pow(kTheta, -static_cast<double>(i) / half_width);
}

class RopeOfWidth : public testing::TestWithParam<int> {
 protected:
  const int H = GetParam();
  const int64_t half = H / 2, M = 130, ld = 3 * H + 5;
  const int heads = 2;
  const RopeTable table{H, kPositions, kTheta};
  const Floats x = RandomFloats(M * ld, 1);
  ThreadPool pool;

  std::vector<int32_t> Positions() const {
    std::vector<int32_t> positions(M);
    for (int64_t m = 0; m < M; ++m) positions[m] = (m * 37) % kPositions;
    return positions;
  }
  Floats Rotated(Floats x_M, RopeDirection direction, ThreadPool& pool) const {
    Rope(&x_M[H], ld, heads, Positions().data(), M, table, direction, pool);
    return x_M;
  }
  // In double, from the angles themselves.
  reference::Matrix Reference(reference::Matrix x_M) const {
    const auto positions = Positions();
    for (int64_t m = 0; m < M; ++m) {
      for (int n = 0; n < heads; ++n) {
        double* head = &x_M[m * ld + (n + 1) * H];
        for (int64_t i = 0; i < half; ++i) {
          const double angle = Angle(positions[m], i, half), low = head[i], high = head[i + half];
          head[i] = low * std::cos(angle) - high * std::sin(angle);
          head[i + half] = high * std::cos(angle) + low * std::sin(angle);
        }
      }
    }
    return x_M;
  }
};
INSTANTIATE_TEST_SUITE_P(, RopeOfWidth, testing::Values(2, 6, 16, 24, 64, 128));

TEST_P(RopeOfWidth, TableHoldsCosineAndSineOfTheAngles) {
  EXPECT_EQ(table.num_reserved(), kPositions);
  for (int64_t t = 0; t < kPositions; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      ASSERT_NEAR(table.cos_H(t)[i], std::cos(Angle(t, i, half)), 6e-8);
      ASSERT_NEAR(table.sin_H(t)[i], std::sin(Angle(t, i, half)), 6e-8);
    }
  }
}

TEST_P(RopeOfWidth, RotatesPairsHalfAHeadApartAndLeavesOtherColumnsAlone) {
  const Floats y = Rotated(x, RopeDirection::kForward, pool);
  ExpectNear(y, Reference(ToDouble(x)), 3e-7);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t column = 0; column < ld; ++column) {
      const bool rotated = column >= H && column < 3 * H;
      if (!rotated) {
        ASSERT_EQ(y[m * ld + column], x[m * ld + column]);
      }
    }
  }
}

TEST_P(RopeOfWidth, BackwardMatchesCentralDifferences) {
  const Floats dy = RandomFloats(M * ld, 2);
  ExpectGradient(Rotated(dy, RopeDirection::kBackward, pool), x, 1e-6,
                 [&](const reference::Matrix& moved) { return Dot(Reference(moved), dy); });
}

TEST_P(RopeOfWidth, BackwardIsTheTransposeOfForward) {
  const Floats dy = RandomFloats(M * ld, 2);
  const double forward = Dot(ToDouble(Rotated(x, RopeDirection::kForward, pool)), dy);
  const double backward = Dot(ToDouble(Rotated(dy, RopeDirection::kBackward, pool)), x);
  EXPECT_NEAR(forward, backward, 1e-4);
}

TEST_P(RopeOfWidth, ScoresDependOnTheDistanceOfPositionsOnly) {
  const auto score = [&](int32_t query, int32_t key) {
    Floats q = RandomFloats(H, 5), k = RandomFloats(H, 6);
    Rope(q.data(), H, 1, &query, 1, table, RopeDirection::kForward, pool);
    Rope(k.data(), H, 1, &key, 1, table, RopeDirection::kForward, pool);
    return Dot(ToDouble(q), k);
  };
  EXPECT_NEAR(score(7, 3), score(204, 200), 1e-5);
}

TEST_P(RopeOfWidth, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    return Concatenate(
        {Rotated(x, RopeDirection::kForward, pool), Rotated(x, RopeDirection::kBackward, pool)});
  });
}

TEST(Rope, PositionZeroChangesNoBit) {
  const Floats x = RandomFloats(24, 1);
  Floats y = x;
  const int32_t position = 0;
  ThreadPool pool;
  Rope(y.data(), 24, 1, &position, 1, RopeTable(24, 1, kTheta), RopeDirection::kForward, pool);
  EXPECT_EQ(y, x);
}

TEST(RopeTable, ComputesALongContextAsFarAsItIsUsed) {
  const RopeTable table(128, int64_t{1} << 24, kTheta);
  EXPECT_EQ(table.num_reserved(), RopeTable::kBlockPositions);
  const int32_t position = 3 * RopeTable::kBlockPositions - 1;
  Floats x = RandomFloats(128, 1);
  ThreadPool pool;
  Rope(x.data(), 128, 1, &position, 1, table, RopeDirection::kForward, pool);
  EXPECT_EQ(table.num_reserved(), 3 * RopeTable::kBlockPositions);
}

TEST(RopeTable, HasTheSameBitsWhateverWasReservedWhenAndByWhom) {
  constexpr int64_t kLong = 4 * RopeTable::kBlockPositions + 5;
  const RopeTable at_once(6, kLong, kTheta), by_threads(6, kLong, kTheta);
  at_once.Reserve(kLong);
  ThreadPool pool(4);
  pool.ParallelFor(kLong / 100, [&](int64_t i) { by_threads.Reserve(100 * i + 1); });
  by_threads.Reserve(kLong);
  for (int64_t t = 0; t < kLong; ++t)
    for (int64_t i = 0; i < 3; ++i) {
      ASSERT_EQ(at_once.cos_H(t)[i], by_threads.cos_H(t)[i]) << t;
      ASSERT_EQ(at_once.sin_H(t)[i], by_threads.sin_H(t)[i]) << t;
    }
  EXPECT_NEAR(at_once.cos_H(kLong - 1)[0], std::cos(static_cast<double>(kLong - 1)), 6e-8);
}

TEST(RopeTable, APositionBehindTheContextIsAnError) {
  const RopeTable table(24, 8, kTheta);
  EXPECT_THAT([&] { table.Reserve(9); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("9 positions, expected at most")));
}

TEST(Rope, AnOddHeadWidthIsAnError) {
  EXPECT_THAT([] { RopeTable(25, 8, kTheta); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("head_width is 25")));
}

}  // namespace
}  // namespace r1zero::kernels
