#include "kernels/sampler.h"

#include <gmock/gmock.h>

#include <bit>
#include <limits>
#include <numeric>
#include <set>

#include "common/error.h"
#include "kernels/head.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

// What a repetition penalty is tested on: every third token.
TokenSet Seen(int64_t V) {
  TokenSet seen(V);
  for (int32_t v = 0; v < V; v += 3) seen.Add(v);
  return seen;
}

SampledToken Sample(const Floats& logits, const SamplerParams& params, float uniform,
                    TokenSet* kept = nullptr) {
  Floats scratch(logits.size());
  const TokenSet seen = Seen(logits.size());
  return SampleToken(logits.data(), logits.size(), params, uniform, scratch.data(), &seen, kept);
}

reference::Matrix Penalised(const Floats& logits, const SamplerParams& params) {
  reference::Matrix z = ToDouble(logits);
  for (size_t v = 0; v < z.size(); v += 3)
    z[v] *= z[v] < 0 ? double{params.repetition_penalty} : 1 / double{params.repetition_penalty};
  return z;
}

std::vector<double> Softmax(const Floats& logits, const SamplerParams& params) {
  reference::Matrix z = Penalised(logits, params);
  for (double& value : z) value /= params.temperature;
  std::vector<double> p = reference::LogSoftmax(z, 1, z.size());
  for (double& value : p) value = std::exp(value);
  return p;
}

// Tokens by logit descending, then by id.
std::vector<int32_t> Ranked(const reference::Matrix& logits) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int32_t a, int32_t b) { return logits[a] > logits[b]; });
  return order;
}

// The tokens that remain: top_k, then top_p of what top_k left, then min_p.
std::set<int32_t> KeptByReference(const Floats& logits, const SamplerParams& params) {
  const std::vector<double> p = Softmax(logits, params);
  std::vector<int32_t> order = Ranked(Penalised(logits, params));
  if (params.top_k > 0) order.resize(std::min<size_t>(order.size(), params.top_k));
  double mass = 0;
  for (const int32_t v : order) mass += p[v];
  std::set<int32_t> kept;
  double kept_mass = 0;
  for (const int32_t v : order) {
    const bool enough = params.top_p < 1 && kept_mass >= params.top_p * mass;
    if (!kept.empty() && (enough || p[v] < params.min_p * p[order[0]])) break;
    kept.insert(v);
    kept_mass += p[v];
  }
  return kept;
}

// Every token that some uniform number on a grid of 16,384 draws.
std::set<int32_t> Drawn(const Floats& logits, const SamplerParams& params) {
  std::set<int32_t> tokens;
  for (int i = 0; i < 16384; ++i) tokens.insert(Sample(logits, params, i / 16384.0f).token);
  return tokens;
}

class SamplerWith : public testing::TestWithParam<SamplerParams> {};
INSTANTIATE_TEST_SUITE_P(
    , SamplerWith,
    testing::Values(SamplerParams{}, SamplerParams{.temperature = 0.6f},
                    SamplerParams{.repetition_penalty = 1.3f},
                    SamplerParams{.temperature = 0.8f, .repetition_penalty = 0.7f},
                    SamplerParams{.top_p = 0.8f, .repetition_penalty = 1.5f},
                    SamplerParams{.temperature = 0.7f,
                                  .top_k = 20,
                                  .top_p = 0.95f,
                                  .min_p = 0.05f,
                                  .repetition_penalty = 1.2f},
                    SamplerParams{.temperature = 1.3f, .top_k = 5}, SamplerParams{.top_p = 0.8f},
                    SamplerParams{.min_p = 0.2f}, SamplerParams{.top_k = 1},
                    SamplerParams{.top_k = 1000}, SamplerParams{.top_p = 1e-6f},
                    SamplerParams{.temperature = 0.7f, .top_k = 30, .top_p = 0.9f, .min_p = 0.1f}));

TEST_P(SamplerWith, DrawsTheTokensOfTheTruncationSetAndNoOther) {
  for (uint32_t seed = 1; seed <= 5; ++seed) {
    const Floats logits = RandomFloats(seed == 5 ? 90 : 37, seed, 1.5f);
    EXPECT_EQ(Drawn(logits, GetParam()), KeptByReference(logits, GetParam())) << "seed " << seed;
  }
}

TEST_P(SamplerWith, NamesTheSetThatItDrawsFrom) {
  const Floats logits = RandomFloats(130, 11, 2);
  TokenSet kept(7);  // of another row
  Sample(logits, GetParam(), 0.5f, &kept);
  std::set<int32_t> tokens;
  kept.ForEach([&](int32_t v) { tokens.insert(v); });
  EXPECT_EQ(tokens, KeptByReference(logits, GetParam()));
}

TEST_P(SamplerWith, LogprobIsThatOfTheRenormalisedDistribution) {
  const Floats logits = RandomFloats(121, 7, 4);
  const std::vector<double> p = Softmax(logits, GetParam());
  double mass = 0;
  for (const int32_t v : KeptByReference(logits, GetParam())) mass += p[v];
  for (int i = 0; i < 100; ++i) {
    const SampledToken sampled = Sample(logits, GetParam(), i / 100.0f);
    EXPECT_NEAR(sampled.logprob, std::log(p[sampled.token] / mass), 3e-6);
  }
}

// Pearson's statistic has its cells as mean and twice that as variance.
TEST_P(SamplerWith, FrequenciesFollowTheDistribution) {
  const Floats logits = RandomFloats(50, 3, 2);
  const auto kept = KeptByReference(logits, GetParam());
  const std::vector<double> p = Softmax(logits, GetParam());
  double mass = 0;
  for (const int32_t v : kept) mass += p[v];
  constexpr int kDraws = 100000;
  const Floats uniforms = RandomFloats(kDraws, 9, 0.5f);
  std::vector<int> count(logits.size());
  for (const float uniform : uniforms) ++count[Sample(logits, GetParam(), uniform + 0.5f).token];
  double statistic = 0;
  for (const int32_t v : kept) {
    const double expected = kDraws * p[v] / mass;
    statistic += (count[v] - expected) * (count[v] - expected) / expected;
  }
  const double cells = kept.size() - 1;
  EXPECT_LE(statistic, cells + 4 * std::sqrt(2 * cells));
}

TEST_P(SamplerWith, HasTheSameBitsOnEveryTarget) {
  const Floats logits = RandomFloats(121, 7, 4);
  ExpectSameBitsOnEveryTarget([&] {
    Floats results;
    for (int i = 0; i < 200; ++i) {
      const SampledToken sampled = Sample(logits, GetParam(), i / 200.0f);
      results.push_back(static_cast<float>(sampled.token));
      results.push_back(sampled.logprob);
    }
    return results;
  });
}

TEST_P(SamplerWith, LogprobHasTheBitsOfHeadForward) {
  constexpr int64_t M = 64, D = 24;
  for (const int64_t V : {16, 64, 121, 512}) {
    const Floats hidden = RandomFloats(M * D, 1, 2), w = RandomFloats(V * D, 2);
    PackedMatrix packed;
    PackForward(w.data(), V, D, packed);
    ThreadPool pool;
    Floats logits(M * V), sampled(M), logprob(M), logsumexp(M);
    MatMul(hidden.data(), D, packed, logits.data(), V, M, pool);
    const TokenSet seen = Seen(V);
    std::vector<TokenSet> kept(M);
    std::vector<RowDistribution> distributions(M);
    std::vector<int32_t> tokens(M);
    for (int64_t m = 0; m < M; ++m) {
      const Floats row(&logits[m * V], &logits[m * V] + V);
      const auto draw = Sample(row, GetParam(), m / 64.0f, &kept[m]);
      tokens[m] = draw.token;
      sampled[m] = draw.logprob;
      distributions[m] = {&kept[m], &seen, GetParam().repetition_penalty};
    }
    HeadForward(hidden.data(), packed, tokens.data(), 1.0f / GetParam().temperature, logprob.data(),
                logsumexp.data(), nullptr, M, pool, distributions.data());
    EXPECT_TRUE(SameBits(sampled, logprob)) << "V " << V;
  }
}

TEST(Sampler, LogprobWithoutTruncationHasTheBitsOfHeadForward) {
  constexpr int64_t M = 64, D = 24, V = 121;
  const Floats hidden = RandomFloats(M * D, 1, 2), w = RandomFloats(V * D, 2);
  PackedMatrix packed;
  PackForward(w.data(), V, D, packed);
  ThreadPool pool;
  Floats logits(M * V), uniforms = RandomFloats(M, 3, 0.5f);
  MatMul(hidden.data(), D, packed, logits.data(), V, M, pool);
  for (const float temperature : {1.0f, 0.6f, 1.7f}) {
    std::vector<int32_t> tokens(M);
    Floats sampled(M), logprob(M), logsumexp(M);
    for (int64_t m = 0; m < M; ++m) {
      const Floats row(&logits[m * V], &logits[m * V] + V);
      const auto draw = Sample(row, {.temperature = temperature}, uniforms[m] + 0.5f);
      tokens[m] = draw.token;
      sampled[m] = draw.logprob;
    }
    HeadForward(hidden.data(), packed, tokens.data(), 1.0f / temperature, logprob.data(),
                logsumexp.data(), nullptr, M, pool);
    EXPECT_TRUE(SameBits(sampled, logprob)) << "temperature " << temperature;
  }
}

TEST(Sampler, NeverDrawsATokenOfProbabilityZero) {
  const Floats logits{kMasked, -200, 0, kMasked, 1, -150, kMasked};
  const float largest = std::nextafter(1.0f, 0.0f);
  EXPECT_EQ(Sample(logits, {}, 0).token, 2);
  EXPECT_EQ(Sample(logits, {}, largest).token, 4);
}

// The block that holds the threshold may round to more than its tokens do one by one.
TEST(Sampler, DrawsFromBlocksWhoseSumIsRounded) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const Floats logits = RandomFloats(64 + seed, seed, 10);
    const std::vector<double> p = Softmax(logits, {});
    double cumulative = 0;
    for (size_t v = 0; v < logits.size(); ++v) {
      cumulative += p[v];
      const auto near = static_cast<float>(cumulative);
      for (const float u : {std::nextafter(near, 0.0f), near, std::nextafter(near, 1.0f)}) {
        if (u >= 1) continue;
        const int32_t token = Sample(logits, {}, u).token;
        ASSERT_GE(token, 0);
        double below = 0;
        for (int32_t w = 0; w < token; ++w) below += p[w];
        EXPECT_NEAR(std::clamp<double>(u, below, below + p[token]), u, 1e-6);
      }
    }
  }
}

TEST(Sampler, APenaltyOf1ChangesNoBit) {
  const Floats logits = RandomFloats(300, 5, 3);
  Floats scratch(300);
  for (int i = 0; i < 100; ++i) {
    const auto without = SampleToken(logits.data(), 300, {}, i / 100.0f, scratch.data());
    const auto with = Sample(logits, {.repetition_penalty = 1}, i / 100.0f);
    EXPECT_EQ(with.token, without.token);
    EXPECT_EQ(std::bit_cast<uint32_t>(with.logprob), std::bit_cast<uint32_t>(without.logprob));
  }
}

TEST(Sampler, APenaltyMovesTiesApart) {
  const Floats logits{1, 1, 1, -1, -1};  // tokens 0 and 3 have been seen
  EXPECT_EQ(Drawn(logits, {.top_k = 2, .repetition_penalty = 1.1f}), (std::set<int32_t>{1, 2}));
  EXPECT_EQ(Drawn(logits, {.top_k = 4, .repetition_penalty = 1.1f}),
            (std::set<int32_t>{0, 1, 2, 4}));
}

TEST(Sampler, TheOnlyTokenLeftIsSurelyDrawn) {
  Floats logits(100, kMasked);
  logits[77] = -3;
  for (const SamplerParams& params :
       {SamplerParams{}, SamplerParams{.top_k = 5, .repetition_penalty = 2},
        SamplerParams{.top_p = 0.5f}, SamplerParams{.min_p = 0.5f}}) {
    const SampledToken sampled = Sample(logits, params, 0.99f);
    EXPECT_EQ(sampled.token, 77);
    EXPECT_EQ(sampled.logprob, 0);
  }
}

TEST(Sampler, TiesAreKeptByLowerToken) {
  const Floats logits{1, 2, 1, 1, 1};
  EXPECT_EQ(Drawn(logits, {.top_k = 3}), (std::set<int32_t>{0, 1, 2}));
}

TEST(Sampler, ALongTailIsRankedAsFarAsTopPNeedsIt) {
  const Floats logits = RandomFloats(5000, 1, 0.01f);
  const SamplerParams params{.top_p = 0.5f};
  const auto kept = KeptByReference(logits, params);
  ASSERT_NEAR(kept.size(), 2500, 30);
  const int32_t least = Ranked(ToDouble(logits))[kept.size() - 1];
  EXPECT_LE(*kept.rbegin(), 4999);
  EXPECT_TRUE(kept.contains(least));
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(kept.contains(Sample(logits, params, i / 2e3f).token));
}

TEST(Sampler, LogitsThatAreNotNumbersAreAnError) {
  const Floats logits{0, std::numeric_limits<float>::quiet_NaN(), 1};
  for (const SamplerParams& params : {SamplerParams{}, SamplerParams{.top_k = 2}}) {
    EXPECT_THAT([&] { Sample(logits, params, 0.5f); },
                testing::ThrowsMessage<Error>(testing::HasSubstr("log-sum-exp")));
  }
}

TEST(Sampler, ParametersOutOfRangeAreAnError) {
  const Floats logits{0, 1};
  EXPECT_THROW(Sample(logits, {}, 1.0f), Error);
  EXPECT_THROW(Sample(logits, {.temperature = 0}, 0.5f), Error);
  EXPECT_THROW(Sample(logits, {.top_p = 0}, 0.5f), Error);
  EXPECT_THROW(Sample(logits, {.min_p = 1}, 0.5f), Error);
  EXPECT_THROW(Sample(logits, {}, -0.1f), Error);
  EXPECT_THROW(Sample(logits, {.repetition_penalty = 0}, 0.5f), Error);
  float scratch[2];
  EXPECT_THROW(SampleToken(logits.data(), 2, {.repetition_penalty = 2}, 0.5f, scratch), Error)
      << "the tokens seen are not given";
}

}  // namespace
}  // namespace r1zero::kernels
