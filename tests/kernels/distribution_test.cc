#include "kernels/distribution.h"

#include <gmock/gmock.h>

#include <limits>
#include <set>

#include "common/error.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

TokenSet SetOf(int64_t V, std::initializer_list<int32_t> tokens) {
  TokenSet set(V);
  for (const int32_t token : tokens) set.Add(token);
  return set;
}

TEST(TokenSet, HoldsWhatWasAddedAtEverySize) {
  for (int64_t V = 1; V <= 200; ++V) {
    TokenSet set(V);
    std::set<int32_t> added, found;
    for (int32_t v = 0; v < V; v += 1 + v % 5) {
      set.Add(v);
      added.insert(v);
    }
    set.ForEach([&](int32_t v) { found.insert(v); });
    EXPECT_EQ(found, added);
    EXPECT_EQ(set.size(), added.size());
    for (int32_t v = 0; v < V; ++v) EXPECT_EQ(set.Contains(v), added.contains(v));
    set.AddAll();
    EXPECT_EQ(set.size(), V) << "and no bit beyond";
    set.Clear();
    EXPECT_EQ(set, TokenSet(V));
  }
}

TEST(Distribution, PenalisesTokensSeenByTheSignOfTheirLogit) {
  const TokenSet seen = SetOf(5, {0, 1, 3});
  Floats logits{3, -3, 3, 0, -3};
  std::vector<float> slopes;
  ApplyDistribution({.seen = &seen, .repetition_penalty = 1.5f}, logits.data(), 5, &slopes);
  EXPECT_EQ(logits, (Floats{2, -4.5f, 3, 0, -3}));
  EXPECT_THAT(slopes, testing::ElementsAre(1 / 1.5f, 1.5f, 1 / 1.5f));
}

TEST(Distribution, LeavesNothingOutsideTheKeptSet) {
  for (int64_t V = 1; V <= 200; ++V) {
    TokenSet kept(V);
    for (int32_t v = 0; v < V; v += 1 + v % 70) kept.Add(v);
    const Floats before = RandomFloats(V, V);
    Floats logits = before;
    ApplyDistribution({.kept = &kept}, logits.data(), V);
    for (int32_t v = 0; v < V; ++v)
      EXPECT_EQ(logits[v], kept.Contains(v) ? before[v] : kMasked) << v << " of " << V;
  }
}

// In double: what the distribution makes of logits, whose gradient is `dz` at the kept tokens.
TEST(Distribution, GradientMatchesCentralDifferences) {
  constexpr int64_t V = 130;
  const float penalty = 1.3f;
  TokenSet seen(V), kept(V);
  for (int32_t v = 0; v < V; v += 2) seen.Add(v);
  for (int32_t v = 0; v < V; v += 3) kept.Add(v);
  const RowDistribution distribution{&kept, &seen, penalty};
  const Floats logits = RandomFloats(V, 1, 4);
  Floats dz = RandomFloats(V, 2);
  for (int32_t v = 0; v < V; ++v)
    if (!kept.Contains(v)) dz[v] = 0;

  const auto loss = [&](const reference::Matrix& z) {
    double sum = 0;
    for (int32_t v = 0; v < V; ++v) {
      const double penalised = z[v] < 0 ? z[v] * penalty : z[v] / penalty;
      if (kept.Contains(v)) sum += dz[v] * (seen.Contains(v) ? penalised : z[v]);
    }
    return sum;
  };
  Floats forward = logits, gradient = dz;
  std::vector<float> slopes;
  ApplyDistribution(distribution, forward.data(), V, &slopes);
  ScaleGradient(distribution, slopes, gradient.data());
  double sum = 0;
  for (int32_t v = 0; v < V; v += 3) sum += double{dz[v]} * forward[v];
  EXPECT_NEAR(sum, loss(ToDouble(logits)), 1e-5);
  ExpectGradient(gradient, logits, 1e-6, loss);
}

TEST(Distribution, SetsOfAnotherVocabularyAndPenaltiesOf0AreErrors) {
  Floats logits(5);
  const TokenSet six(6), five(5);
  EXPECT_THROW(ApplyDistribution({.kept = &six}, logits.data(), 5), Error);
  EXPECT_THROW(ApplyDistribution({.seen = &six}, logits.data(), 5), Error);
  for (const float bad : {0.0f, -1.0f, std::numeric_limits<float>::quiet_NaN()})
    EXPECT_THROW(ApplyDistribution({.seen = &five, .repetition_penalty = bad}, logits.data(), 5),
                 Error);
}

}  // namespace
}  // namespace r1zero::kernels
