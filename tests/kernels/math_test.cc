#include "kernels/math.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tests/kernels/math_test.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/math-inl.h"
#include "tests/kernels/simd_targets.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

// y[i] = f(x[i]); n is a multiple of 16.
template <class F>
void Map(const float* x, float* y, int64_t n, const F& f) {
  const Floats16 d;
  for (int64_t i = 0; i < n; i += hn::Lanes(d)) hn::StoreU(f(d, hn::LoadU(d, x + i)), d, y + i);
}
void MapExp(const float* x, float* y, int64_t n) {
  Map(x, y, n, [](auto d, auto v) HWY_ATTR { return Exp(d, v); });
}
void MapLog(const float* x, float* y, int64_t n) {
  Map(x, y, n, [](auto d, auto v) HWY_ATTR { return Log(d, v); });
}
void MapSigmoid(const float* x, float* y, int64_t n) {
  Map(x, y, n, [](auto d, auto v) HWY_ATTR { return Sigmoid(d, v); });
}
float SumOfSquares(const float* x, int64_t n) {
  return Sum16(n, [x](auto d, auto partial, int64_t i) HWY_ATTR {
    const auto v = hn::LoadU(d, x + i);
    return hn::MulAdd(v, v, partial);
  });
}
float Maximum(const float* x, int64_t n) { return Max16(x, n); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(MapExp);
HWY_EXPORT(MapLog);
HWY_EXPORT(MapSigmoid);
HWY_EXPORT(SumOfSquares);
HWY_EXPORT(Maximum);

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Distance of `found` from the real number `expected`, in units of the last place of a float there.
double Ulps(float found, long double expected) {
  const float nearest = static_cast<float>(expected);
  const float magnitude = std::max(std::abs(nearest), std::numeric_limits<float>::min());
  const long double ulp =
      std::nextafter(magnitude, kInfinity) - static_cast<long double>(magnitude);
  return static_cast<double>(std::abs(found - expected) / ulp);
}

// Every `stride`-th float from `first` to `last` (of the same sign), a multiple of 16 of them.
std::vector<float> Floats(float first, float last, uint32_t stride) {
  std::vector<float> xs;
  const uint32_t end = std::bit_cast<uint32_t>(last);
  for (uint64_t bits = std::bit_cast<uint32_t>(first); bits <= end; bits += stride) {
    xs.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  }
  while (xs.size() % 16 != 0) xs.push_back(last);
  return xs;
}

template <typename Vector, typename Exact>
double WorstUlps(const std::vector<float>& xs, const Vector& vector, const Exact& exact) {
  std::vector<float> ys(xs.size());
  vector(xs.data(), ys.data(), static_cast<int64_t>(xs.size()));
  double worst = 0;
  for (size_t i = 0; i < xs.size(); ++i) {
    const double ulps = Ulps(ys[i], exact(static_cast<long double>(xs[i])));
    if (!(ulps <= worst)) worst = ulps;  // a NaN stays
  }
  return worst;
}

std::vector<float> SpecialAndRandomFloats() {
  std::vector<float> xs = {0.0f,   -0.0f,   1.0f,      -1.0f,      87.3f, -87.3f, -87.4f, 88.7f,
                           88.73f, -200.0f, kInfinity, -kInfinity, kNan,  1e-40f, 1e38f,  -1e-40f};
  std::mt19937 random(7);
  while (xs.size() < 1 << 16) xs.push_back(std::bit_cast<float>(static_cast<uint32_t>(random())));
  return xs;
}

TEST(Math, ExpIsWithinOneUlp) {
  const auto exact = [](long double x) { return std::exp(x); };
  const auto vector = [](auto... args) { HWY_DYNAMIC_DISPATCH(MapExp)(args...); };
  EXPECT_LE(WorstUlps(Floats(-1e-20f, -87.3f, 3989), vector, exact), 1.0);
  EXPECT_LE(WorstUlps(Floats(1e-20f, 88.7228f, 3989), vector, exact), 1.0);
}

TEST(Math, LogIsWithinOneUlp) {
  const auto exact = [](long double x) { return std::log(x); };
  const auto vector = [](auto... args) { HWY_DYNAMIC_DISPATCH(MapLog)(args...); };
  EXPECT_LE(WorstUlps(Floats(1e-45f, std::numeric_limits<float>::max(), 7499), vector, exact), 1.0);
  EXPECT_LE(WorstUlps(Floats(0.5f, 2.0f, 67), vector, exact), 1.0);
}

TEST(Math, SigmoidIsWithinThreeUlps) {
  const auto exact = [](long double x) { return 1 / (1 + std::exp(-x)); };
  const auto vector = [](auto... args) { HWY_DYNAMIC_DISPATCH(MapSigmoid)(args...); };
  EXPECT_LE(WorstUlps(Floats(-1e-10f, -87.0f, 3989), vector, exact), 3.0);
  EXPECT_LE(WorstUlps(Floats(1e-10f, 100.0f, 3989), vector, exact), 3.0);
}

TEST(Math, SinCosIsWithinOneUlp) {
  std::mt19937_64 random(11);
  double worst = 0;
  for (int i = 0; i < 40000; ++i) {
    const double limit = i % 2 == 0 ? 10.0 : 1e6;
    const double x = std::uniform_real_distribution<double>(-limit, limit)(random);
    float sin = 0, cos = 0;
    SinCos(x, &sin, &cos);
    worst = std::max({worst, Ulps(sin, std::sin(static_cast<long double>(x))),
                      Ulps(cos, std::cos(static_cast<long double>(x)))});
  }
  EXPECT_LE(worst, 1.0);
  float sin = 1, cos = 0;
  SinCos(0.0, &sin, &cos);
  EXPECT_EQ(sin, 0.0f);
  EXPECT_EQ(cos, 1.0f);
}

TEST(Math, SpecialValuesAreThoseOfTheHeader) {
  EXPECT_EQ(Exp(0.0f), 1.0f);
  EXPECT_EQ(Exp(-0.0f), 1.0f);
  EXPECT_EQ(Exp(-87.31f), 0.0f);
  EXPECT_GT(Exp(-87.3f), std::numeric_limits<float>::min());
  EXPECT_EQ(Exp(-kInfinity), 0.0f);
  EXPECT_LT(Exp(88.7228f), kInfinity);
  EXPECT_EQ(Exp(88.73f), kInfinity);
  EXPECT_EQ(Exp(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Exp(kNan)));

  EXPECT_EQ(Log(1.0f), 0.0f);
  EXPECT_EQ(Log(0.0f), -kInfinity);
  EXPECT_EQ(Log(-0.0f), -kInfinity);
  EXPECT_EQ(Log(kInfinity), kInfinity);
  EXPECT_TRUE(std::isnan(Log(-1.0f)));
  EXPECT_TRUE(std::isnan(Log(-kInfinity)));
  EXPECT_TRUE(std::isnan(Log(kNan)));

  EXPECT_EQ(Sigmoid(0.0f), 0.5f);
  EXPECT_EQ(Sigmoid(kInfinity), 1.0f);
  EXPECT_EQ(Sigmoid(-kInfinity), 0.0f);
  EXPECT_TRUE(std::isnan(Sigmoid(kNan)));
}

TEST(Math, ScalarAndVectorFormsAgreeBitForBitOnEveryTarget) {
  const std::vector<float> xs = SpecialAndRandomFloats();
  const auto size = static_cast<int64_t>(xs.size());
  std::vector<float> exp(xs.size()), log(xs.size()), sigmoid(xs.size());
  for (size_t i = 0; i < xs.size(); ++i) {
    exp[i] = Exp(xs[i]);
    log[i] = Log(xs[i]);
    sigmoid[i] = Sigmoid(xs[i]);
  }
  ForEachSimdTarget([&] {
    std::vector<float> ys(xs.size());
    HWY_DYNAMIC_DISPATCH(MapExp)(xs.data(), ys.data(), size);
    EXPECT_TRUE(SameBits(ys, exp));
    HWY_DYNAMIC_DISPATCH(MapLog)(xs.data(), ys.data(), size);
    EXPECT_TRUE(SameBits(ys, log));
    HWY_DYNAMIC_DISPATCH(MapSigmoid)(xs.data(), ys.data(), size);
    EXPECT_TRUE(SameBits(ys, sigmoid));
  });
}

// Rule 3 as the page states it, one scalar operation at a time.
float SumOfSquaresByRule3(const std::vector<float>& xs) {
  std::vector<float> partial(16, 0.0f);
  for (size_t i = 0; i < xs.size(); ++i) partial[i % 16] = std::fma(xs[i], xs[i], partial[i % 16]);
  for (size_t half = 8; half > 0; half /= 2) {
    for (size_t j = 0; j < half; ++j) partial[j] += partial[j + half];
  }
  return partial[0];
}

TEST(Reduce16, GivesTheBitsOfRule3AtEveryLengthAndTarget) {
  std::mt19937 random(3);
  std::normal_distribution<float> normal;
  for (int64_t n = 0; n <= 131; ++n) {
    std::vector<float> xs(n);
    for (float& x : xs) x = normal(random);
    const float sum = SumOfSquaresByRule3(xs);
    const float max = n == 0 ? -kInfinity : *std::max_element(xs.begin(), xs.end());
    ForEachSimdTarget([&] {
      EXPECT_EQ(HWY_DYNAMIC_DISPATCH(SumOfSquares)(xs.data(), n), sum) << "n = " << n;
      EXPECT_EQ(HWY_DYNAMIC_DISPATCH(Maximum)(xs.data(), n), max) << "n = " << n;
    });
  }
}

}  // namespace
}  // namespace r1zero::kernels
#endif  // HWY_ONCE
