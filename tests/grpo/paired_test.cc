#include "grpo/paired.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

// Over all choices of signs.
double ByEnumeration(const std::vector<double>& differences) {
  const size_t n = differences.size();
  double observed = 0, as_far = 0;
  for (const double d : differences) observed += d;
  for (unsigned signs = 0; signs < (1u << n); ++signs) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += (signs >> i & 1) != 0 ? differences[i] : -differences[i];
    as_far += std::abs(sum) > std::abs(observed) - 1e-9;
  }
  return as_far / static_cast<double>(1u << n);
}

TEST(ComparePaired, HasThePOfAllChoicesOfSigns) {
  std::mt19937 random(5);
  for (int trial = 0; trial < 40; ++trial) {
    const auto problems = 1 + random() % 10;
    const int64_t samples_a = 1 + random() % 6, samples_b = 1 + random() % 6;
    std::vector<Tally> a, b;
    std::vector<double> differences;
    for (unsigned i = 0; i < problems; ++i) {
      a.push_back({static_cast<int64_t>(random() % (samples_a + 1)), samples_a});
      b.push_back({static_cast<int64_t>(random() % (samples_b + 1)), samples_b});
      differences.push_back(static_cast<double>(b[i].right) / static_cast<double>(samples_b) -
                            static_cast<double>(a[i].right) / static_cast<double>(samples_a));
    }
    EXPECT_NEAR(ComparePaired(a, b, 1).p_value, ByEnumeration(differences), 1e-12);
  }
}

TEST(ComparePaired, OfOneTryAProblemIsMcNemarsTest) {
  for (const auto& [only_a, only_b] : {std::pair{0, 0}, {3, 3}, {0, 5}, {5, 0}, {2, 9}, {40, 60}}) {
    std::vector<Tally> a, b;
    for (int i = 0; i < only_a; ++i) a.push_back({1, 1}), b.push_back({0, 1});
    for (int i = 0; i < only_b; ++i) a.push_back({0, 1}), b.push_back({1, 1});
    for (int i = 0; i < 7; ++i) a.push_back({1, 1}), b.push_back({1, 1});
    const PairedComparison c = ComparePaired(a, b, 1);
    EXPECT_NEAR(c.p_value, McNemarExact(only_a, only_b), 1e-12) << only_a << " " << only_b;
    EXPECT_EQ(c.better, only_b);
    EXPECT_EQ(c.worse, only_a);
    EXPECT_EQ(c.equal, 7);
  }
  EXPECT_NEAR(McNemarExact(0, 5), 2.0 / 32, 1e-12);
  EXPECT_NEAR(McNemarExact(1, 5), 2.0 * 7 / 64, 1e-12);
  EXPECT_DOUBLE_EQ(McNemarExact(0, 0), 1);
  EXPECT_NEAR(McNemarExact(400, 600), 2.7e-10, 1e-10);  // 6.3 standard deviations
}

Tally Tries(std::mt19937& random, double chance, int samples) {
  return {std::binomial_distribution<int>(samples, chance)(random), samples};
}

// Problems of many difficulties, each tried by the same policy twice.
TEST(ComparePaired, UnderTheNullPIsUniformAndTheIntervalHoldsZeroAboutNineteenTimesInTwenty) {
  std::mt19937 random(11);
  constexpr int kTrials = 300, kProblems = 60, kSamples = 8;
  int below_tenth = 0, below_half = 0, holds_zero = 0;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<Tally> a, b;
    for (int i = 0; i < kProblems; ++i) {
      const double chance = std::uniform_real_distribution<>(0, 1)(random);
      a.push_back(Tries(random, chance, kSamples));
      b.push_back(Tries(random, chance, kSamples));
    }
    const PairedComparison c = ComparePaired(a, b, static_cast<uint64_t>(trial));
    below_tenth += c.p_value <= 0.1;
    below_half += c.p_value <= 0.5;
    holds_zero += c.difference.low <= 0 && 0 <= c.difference.high;
  }
  const auto error = [&](double p) { return 4 * std::sqrt(kTrials * p * (1 - p)); };
  EXPECT_NEAR(below_tenth, 0.1 * kTrials, error(0.1));
  EXPECT_NEAR(below_half, 0.5 * kTrials, error(0.5));
  EXPECT_GE(holds_zero, 0.89 * kTrials);
  EXPECT_LE(holds_zero, 0.99 * kTrials);
}

TEST(ComparePaired, PairingSeesADifferenceThatTheProblemsHide) {
  std::mt19937 random(13);
  std::vector<Tally> a, b;
  for (int i = 0; i < 200; ++i) {
    const double chance = std::uniform_real_distribution<>(0, 0.9)(random);
    a.push_back(Tries(random, chance, 16));
    b.push_back(Tries(random, chance + 0.05, 16));
  }
  const PairedComparison c = ComparePaired(a, b, 1);
  EXPECT_NEAR(c.difference.value, 0.05, 0.03);
  EXPECT_GT(c.difference.low, 0);
  EXPECT_LT(c.p_value, 0.001);
}

TEST(ComparePaired, DrawsSignsWhereCountingThemWouldTakeTooLong) {
  std::vector<Tally> a, b;  // 997 * 991 is the common denominator
  std::mt19937 random(17);
  for (int i = 0; i < 300; ++i) {
    a.push_back(Tries(random, 0.5, 997));
    b.push_back(Tries(random, 0.52, 991));
  }
  const PairedComparison c = ComparePaired(a, b, 1);
  EXPECT_LT(c.p_value, 0.001);
  EXPECT_GT(c.p_value, 0);
  EXPECT_EQ(c.p_value, ComparePaired(a, b, 1).p_value);
}

TEST(ComparePaired, RefusesWhatIsNotPaired) {
  const std::vector<Tally> one = {{1, 2}}, two = {{1, 2}, {0, 2}}, none = {{0, 0}};
  EXPECT_THROW(ComparePaired(one, two, 1), Error);
  EXPECT_THROW(ComparePaired({}, {}, 1), Error);
  EXPECT_THROW(ComparePaired(one, none, 1), Error);
  EXPECT_THROW(McNemarExact(-1, 2), Error);
}

}  // namespace
}  // namespace r1zero
