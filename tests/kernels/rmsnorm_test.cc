#include "kernels/rmsnorm.h"

#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr float kEps = 1e-6f;

class RmsNormOfWidth : public testing::TestWithParam<int64_t> {
 protected:
  const int64_t D = GetParam(), M = 70;
  const Floats x = RandomFloats(M * D, 1, 3), weight = RandomFloats(D, 2),
               dy = RandomFloats(M * D, 3);
  ThreadPool pool;

  Floats Forward(const Floats& x_MD, Floats* inv_rms, ThreadPool& pool) const {
    Floats y(x_MD.size());
    const int64_t rows = x_MD.size() / D;
    if (inv_rms != nullptr) inv_rms->resize(rows);
    RmsNorm(x_MD.data(), weight.data(), kEps, y.data(), inv_rms ? inv_rms->data() : nullptr, rows,
            D, pool);
    return y;
  }
};
INSTANTIATE_TEST_SUITE_P(, RmsNormOfWidth, testing::Values(1, 7, 16, 24, 96, 100, 576));

TEST_P(RmsNormOfWidth, MatchesTheReference) {
  Floats inv_rms;
  const Floats y = Forward(x, &inv_rms, pool);
  ExpectNear(y, reference::RmsNorm(ToDouble(x), ToDouble(weight), kEps, M, D), 1e-6);
  for (int64_t m = 0; m < M; ++m) {
    double sum = 0;
    for (int64_t d = 0; d < D; ++d) sum += static_cast<double>(x[m * D + d]) * x[m * D + d];
    EXPECT_NEAR(inv_rms[m] * std::sqrt(sum / D + kEps), 1, 1e-6);
  }
}

TEST_P(RmsNormOfWidth, ARowAloneHasTheBitsItHasInABatch) {
  const Floats batch = Forward(x, nullptr, pool);
  for (int64_t m = 0; m < M; ++m) {
    const Floats alone = Forward(Floats(&x[m * D], &x[m * D] + D), nullptr, pool);
    EXPECT_TRUE(SameBits(alone, Floats(&batch[m * D], &batch[m * D] + D))) << "row " << m;
  }
}

TEST_P(RmsNormOfWidth, BackwardMatchesCentralDifferences) {
  Floats inv_rms, dx(M * D), dweight(D, 0.0f);
  Forward(x, &inv_rms, pool);
  RmsNormBackward(dy.data(), x.data(), weight.data(), inv_rms.data(), dx.data(), M, D, pool);
  RmsNormWeightGradient(dy.data(), x.data(), D, inv_rms.data(), dweight.data(), M, D);
  ExpectGradient(dx, x, 1e-5, [&](const reference::Matrix& moved) {
    return Dot(reference::RmsNorm(moved, ToDouble(weight), kEps, M, D), dy);
  });
  ExpectGradient(dweight, weight, 1e-5, [&](const reference::Matrix& moved) {
    return Dot(reference::RmsNorm(ToDouble(x), moved, kEps, M, D), dy);
  });
}

TEST_P(RmsNormOfWidth, WeightGradientHasTheSameBitsForEverySplitIntoMicroBatches) {
  Floats inv_rms;
  Forward(x, &inv_rms, pool);
  const auto accumulate = [&](std::vector<int64_t> splits) {
    Floats dweight = RandomFloats(D, 4);
    int64_t m = 0;
    for (const int64_t end : splits) {
      RmsNormWeightGradient(&dy[m * D], &x[m * D], D, &inv_rms[m], dweight.data(), end - m, D);
      m = end;
    }
    return dweight;
  };
  const Floats whole = accumulate({M});
  EXPECT_TRUE(SameBits(accumulate({1, 33, M}), whole));
  EXPECT_TRUE(SameBits(accumulate({32, 64, M}), whole));
}

TEST_P(RmsNormOfWidth, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    Floats inv_rms, dx(M * D), dweight(D, 0.25f);
    const Floats y = Forward(x, &inv_rms, pool);
    RmsNormBackward(dy.data(), x.data(), weight.data(), inv_rms.data(), dx.data(), M, D, pool);
    const int64_t half = D / 2;  // columns of their own
    RmsNormWeightGradient(dy.data(), x.data(), D, inv_rms.data(), dweight.data(), M, half);
    RmsNormWeightGradient(&dy[half], &x[half], D, inv_rms.data(), &dweight[half], M, D - half);
    return Concatenate({y, inv_rms, dx, dweight});
  });
}

}  // namespace
}  // namespace r1zero::kernels
