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
};
INSTANTIATE_TEST_SUITE_P(, RopeOfWidth, testing::Values(2, 6, 16, 24, 64, 128));

TEST_P(RopeOfWidth, TableHoldsCosineAndSineOfTheAngles) {
  ASSERT_EQ(table.cos_TH.size(), kPositions * half);
  for (int64_t t = 0; t < kPositions; ++t) {
    for (int64_t i = 0; i < half; ++i) {
      ASSERT_NEAR(table.cos_TH[t * half + i], std::cos(Angle(t, i, half)), 6e-8);
      ASSERT_NEAR(table.sin_TH[t * half + i], std::sin(Angle(t, i, half)), 6e-8);
    }
  }
}

TEST_P(RopeOfWidth, RotatesPairsHalfAHeadApartAndLeavesOtherColumnsAlone) {
  reference::Matrix expected = ToDouble(x);
  const auto positions = Positions();
  for (int64_t m = 0; m < M; ++m) {
    for (int n = 0; n < heads; ++n) {
      double* head = &expected[m * ld + (n + 1) * H];
      for (int64_t i = 0; i < half; ++i) {
        const double angle = Angle(positions[m], i, half), low = head[i], high = head[i + half];
        head[i] = low * std::cos(angle) - high * std::sin(angle);
        head[i + half] = high * std::cos(angle) + low * std::sin(angle);
      }
    }
  }
  const Floats y = Rotated(x, RopeDirection::kForward, pool);
  ExpectNear(y, expected, 3e-7);
  for (int64_t m = 0; m < M; ++m) {
    for (int64_t column = 0; column < ld; ++column) {
      const bool rotated = column >= H && column < 3 * H;
      if (!rotated) {
        ASSERT_EQ(y[m * ld + column], x[m * ld + column]);
      }
    }
  }
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

TEST(Rope, AnOddHeadWidthIsAnError) {
  EXPECT_THAT([] { RopeTable(25, 8, kTheta); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("head_width is 25")));
}

}  // namespace
}  // namespace r1zero::kernels
