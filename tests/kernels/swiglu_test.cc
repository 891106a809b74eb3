#include "kernels/swiglu.h"

#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

class SwiGluOfWidth : public testing::TestWithParam<int64_t> {
 protected:
  const int64_t F = GetParam(), M = 40;
  const Floats gate_up = RandomFloats(M * 2 * F, 1, 4), dy = RandomFloats(M * F, 2);
  ThreadPool pool;

  Floats Forward(const Floats& gate_up_M2F, ThreadPool& pool) const {
    Floats y(gate_up_M2F.size() / 2);
    SwiGlu(gate_up_M2F.data(), y.data(), y.size() / F, F, pool);
    return y;
  }
  Floats Backward(ThreadPool& pool) const {
    Floats dgate_up(M * 2 * F);
    SwiGluBackward(dy.data(), gate_up.data(), dgate_up.data(), M, F, pool);
    return dgate_up;
  }
};
INSTANTIATE_TEST_SUITE_P(, SwiGluOfWidth, testing::Values(1, 6, 16, 100, 256));

TEST_P(SwiGluOfWidth, MatchesTheReference) {
  ExpectNear(Forward(gate_up, pool), reference::SwiGlu(ToDouble(gate_up), M, F), 1e-6);
}

TEST_P(SwiGluOfWidth, BackwardMatchesCentralDifferences) {
  ExpectGradient(Backward(pool), gate_up, 2e-6, [&](const reference::Matrix& moved) {
    return Dot(reference::SwiGlu(moved, M, F), dy);
  });
}

TEST_P(SwiGluOfWidth, TheBackwardGivesTheOutputOfTheForwardAgain) {
  Floats y(M * F), dgate_up(M * 2 * F);
  SwiGluBackward(dy.data(), gate_up.data(), dgate_up.data(), M, F, pool, y.data());
  EXPECT_TRUE(SameBits(y, Forward(gate_up, pool)));
  EXPECT_TRUE(SameBits(dgate_up, Backward(pool)));
}

TEST_P(SwiGluOfWidth, ARowAloneHasTheBitsItHasInABatch) {
  const Floats batch = Forward(gate_up, pool);
  for (int64_t m = 0; m < M; ++m) {
    const Floats row(&gate_up[m * 2 * F], &gate_up[m * 2 * F] + 2 * F);
    EXPECT_TRUE(SameBits(Forward(row, pool), Floats(&batch[m * F], &batch[m * F] + F)));
  }
}

TEST_P(SwiGluOfWidth, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    return Concatenate({Forward(gate_up, pool), Backward(pool)});
  });
}

TEST(SwiGlu, LargeGatesNeitherOverflowNorTurnToNaN) {
  const Floats gate_up{100, -100, 3, 3};
  Floats y(2), dgate_up(4);
  ThreadPool pool;
  SwiGlu(gate_up.data(), y.data(), 1, 2, pool);
  SwiGluBackward(Floats{1, 1}.data(), gate_up.data(), dgate_up.data(), 1, 2, pool);
  EXPECT_EQ(y, (Floats{300, 0}));
  EXPECT_EQ(dgate_up, (Floats{3, 0, 100, 0}));
}

}  // namespace
}  // namespace r1zero::kernels
