#include "grpo/loss.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr const char* kAggregations[] = {"seq-mean-token-mean", "token-mean",
                                         "seq-mean-token-sum-norm", "seq-mean-token-sum",
                                         "token-sum"};
constexpr int64_t kMaxCompletionTokens = 9;

// Completions of several lengths, flat, with the log-probabilities around each other.
struct Batch {
  std::vector<int64_t> lengths = {3, 1, 7, 4};
  std::vector<float> logprobs, old_logprobs, ref_logprobs, advantages;
  std::vector<double> weights;

  Batch(const std::string& aggregation, uint32_t seed, float spread = 0.4f) {
    std::mt19937 random(seed);
    std::normal_distribution<float> normal(0, spread);
    const auto weight_of =
        TokenWeights(ParseAggregation(aggregation), lengths, kMaxCompletionTokens);
    const float advantage_of[] = {1.3f, -0.7f, -1.1f, 0.4f};
    for (size_t i = 0; i < lengths.size(); ++i) {
      for (int64_t t = 0; t < lengths[i]; ++t) {
        logprobs.push_back(-1.5f + normal(random));
        old_logprobs.push_back(logprobs.back() + normal(random));
        ref_logprobs.push_back(logprobs.back() + normal(random));
        advantages.push_back(advantage_of[i]);
        weights.push_back(weight_of[i]);
      }
    }
  }
  LossInputs Inputs() const { return {logprobs, old_logprobs, ref_logprobs, advantages, weights}; }
  LossInputs Inputs(size_t first, size_t count) const {
    const LossInputs all = Inputs();
    return {all.logprobs_N.subspan(first, count), all.old_logprobs_N.subspan(first, count),
            all.ref_logprobs_N.subspan(first, count), all.advantages_N.subspan(first, count),
            all.weights_N.subspan(first, count)};
  }
};

LossSums Loss(const Batch& batch, const LossConfig& config, std::vector<float>* grad = nullptr) {
  std::vector<float> unused;
  std::vector<float>& out = grad ? *grad : unused;
  out.assign(batch.logprobs.size(), 0);
  return PolicyLoss(batch.Inputs(), config, out);
}

// The paper's objective (equations 3 and 4, with the clip and the estimator named), negated, in
// float64 and completion by completion: nothing is shared with the implementation.
double LossOfThePaper(const Batch& batch, const LossConfig& config) {
  double tokens = 0;
  for (int64_t length : batch.lengths) tokens += static_cast<double>(length);
  const double B = static_cast<double>(batch.lengths.size());
  double objective = 0;
  size_t n = 0;
  for (int64_t length : batch.lengths) {
    double of_completion = 0;
    for (int64_t t = 0; t < length; ++t, ++n) {
      const double logprob = batch.logprobs[n], A = batch.advantages[n];
      const double r = std::exp(logprob - batch.old_logprobs[n]);
      const double clipped = r < 1 - config.clip_low
                                 ? 1 - config.clip_low
                                 : (r > 1 + config.clip_high ? 1 + config.clip_high : r);
      const double d = logprob - batch.ref_logprobs[n];
      const double k3 = std::exp(-d) - (-d) - 1;
      const double kl = config.kl_estimator == "k1"         ? d
                        : config.kl_estimator == "k2"       ? d * d / 2
                        : config.kl_estimator == "unbiased" ? r * k3
                                                            : k3;
      of_completion += std::min(r * A, clipped * A) - config.kl_coef * kl;
    }
    if (config.aggregation == "seq-mean-token-mean")
      objective += of_completion / static_cast<double>(length) / B;
    if (config.aggregation == "token-mean") objective += of_completion / tokens;
    if (config.aggregation == "seq-mean-token-sum-norm")
      objective += of_completion / kMaxCompletionTokens / B;
    if (config.aggregation == "seq-mean-token-sum") objective += of_completion / B;
    if (config.aggregation == "token-sum") objective += of_completion;
  }
  return -objective;
}

// Every estimator, aggregation and clip, with and without a penalty.
std::vector<LossConfig> EveryConfig() {
  std::vector<LossConfig> configs;
  for (const char* estimator : {"k1", "k2", "k3", "unbiased"})
    for (const char* aggregation : kAggregations)
      for (const auto& [low, high] : {std::pair{0.2, 0.2}, {0.2, 0.28}, {0.1, 10.0}, {0.0, 0.0}})
        for (double kl_coef : {0.0, 0.04})
          configs.push_back({.clip_low = low,
                             .clip_high = high,
                             .kl_coef = kl_coef,
                             .kl_estimator = estimator,
                             .aggregation = aggregation});
  return configs;
}

std::string Name(const LossConfig& c) {
  return c.kl_estimator + " * " + std::to_string(c.kl_coef) + ", " + c.aggregation + ", clip " +
         std::to_string(c.clip_low) + " " + std::to_string(c.clip_high);
}

TEST(PolicyLoss, IsThePapersFormulaInFloat64ForEveryConfig) {
  for (const LossConfig& config : EveryConfig()) {
    SCOPED_TRACE(Name(config));
    for (uint32_t seed = 0; seed < 20; ++seed) {
      const Batch batch(config.aggregation, seed);
      const double expected = LossOfThePaper(batch, config);
      EXPECT_NEAR(Loss(batch, config).loss, expected, 1e-6 * (1 + std::abs(expected)));
    }
  }
}

bool NearKink(const Batch& batch, size_t n, const LossConfig& config) {
  const double ratio = std::exp(batch.logprobs[n] - batch.old_logprobs[n]);
  return std::abs(ratio - 1 + config.clip_low) < 0.02 ||
         std::abs(ratio - 1 - config.clip_high) < 0.02;
}

double CentralDifference(Batch& batch, size_t n, const LossConfig& config) {
  const float here = batch.logprobs[n], h = 1.0f / 256;
  const float above = here + h, below = here - h;
  batch.logprobs[n] = above;
  const double loss_above = LossOfThePaper(batch, config);
  batch.logprobs[n] = below;
  const double loss_below = LossOfThePaper(batch, config);
  batch.logprobs[n] = here;
  return (loss_above - loss_below) / (above - below);
}

TEST(PolicyLoss, HasTheGradientOfCentralDifferencesForEveryConfig) {
  int64_t checked = 0;
  for (const LossConfig& config : EveryConfig()) {
    SCOPED_TRACE(Name(config));
    for (uint32_t seed = 0; seed < 5; ++seed) {
      Batch batch(config.aggregation, seed);
      std::vector<float> grad;
      Loss(batch, config, &grad);
      for (size_t n = 0; n < grad.size(); ++n) {
        if (NearKink(batch, n, config)) continue;
        EXPECT_NEAR(grad[n], CentralDifference(batch, n, config), 2e-5 * batch.weights[n] + 1e-8);
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 8000);
}

TEST(PolicyLoss, DoesNotChangeWithTheMicroBatchSplit) {
  for (const LossConfig& config : EveryConfig()) {
    SCOPED_TRACE(Name(config));
    const Batch batch(config.aggregation, 3);
    std::vector<float> whole;
    const LossSums expected = Loss(batch, config, &whole);
    for (size_t first : {3u, 4u, 11u}) {
      std::vector<float> grad(whole.size());
      const std::span<float> out(grad);
      LossSums sums = PolicyLoss(batch.Inputs(0, first), config, out.first(first));
      sums += PolicyLoss(batch.Inputs(first, grad.size() - first), config, out.subspan(first));
      EXPECT_EQ(grad, whole);
      EXPECT_NEAR(sums.loss, expected.loss, 1e-13 * (1 + std::abs(expected.loss)));
      EXPECT_EQ(sums.tokens, expected.tokens);
    }
  }
}

TEST(PolicyLoss, OnPolicyGradientIsMinusAdvantageTimesWeight) {
  Batch batch("seq-mean-token-mean", 1);
  batch.old_logprobs = batch.logprobs;
  std::vector<float> grad;
  const LossSums sums = Loss(batch, {.kl_coef = 0}, &grad);
  for (size_t n = 0; n < grad.size(); ++n)
    EXPECT_EQ(grad[n], static_cast<float>(batch.weights[n] * -batch.advantages[n]));
  EXPECT_EQ(sums.ratio_sum, sums.tokens);
  EXPECT_EQ(sums.clipped_low + sums.clipped_high, 0);
  EXPECT_EQ(sums.old_kl_sum, 0);
}

TEST(PolicyLoss, ClippedTokensGetNoGradientAndAreCountedOnTheirSide) {
  Batch batch("token-sum", 1);
  batch.logprobs = std::vector<float>(15, -1.0f);
  batch.old_logprobs = batch.logprobs;
  batch.old_logprobs[0] = -2.0f;   // ratio e, A > 0: clipped high
  batch.old_logprobs[3] = -2.0f;   // ratio e, A < 0: the minimum is the unclipped term
  batch.old_logprobs[4] = -0.1f;   // ratio 0.4, A < 0: clipped low
  batch.old_logprobs[11] = -0.1f;  // ratio 0.4, A > 0: the minimum is the unclipped term
  std::vector<float> grad;
  const LossSums sums = Loss(batch, {.kl_coef = 0}, &grad);
  EXPECT_EQ(sums.clipped_high, 1);
  EXPECT_EQ(sums.clipped_low, 1);
  EXPECT_EQ(grad[0], 0);
  EXPECT_EQ(grad[4], 0);
  EXPECT_NEAR(grad[3], 0.7 * std::exp(1.0), 1e-6);
  EXPECT_NEAR(grad[11], -0.4 * std::exp(-0.9), 1e-6);
}

TEST(PolicyLoss, K3IsNeverNegativeAndRightHoweverSmallTheDifference) {
  LossConfig config{.kl_coef = 1};
  for (float d : {1e-7f, -1e-6f, 1e-4f, -1e-3f, 0.03f, 0.0624f, -0.0626f, 0.3f, -4.0f, 30.0f}) {
    const std::vector<float> logprobs = {-50}, ref = {-50 - d}, zero = {0};
    const std::vector<double> weights = {1};
    const double exact_d = static_cast<double>(logprobs[0]) - ref[0];
    std::vector<float> grad(1);
    const LossSums sums = PolicyLoss({logprobs, logprobs, ref, zero, weights}, config, grad);
    const long double expected = std::expm1(static_cast<long double>(-exact_d)) + exact_d;
    EXPECT_GE(sums.kl_tokens, 0);
    EXPECT_NEAR(sums.kl_tokens, expected, 2e-4 * expected) << d;
    EXPECT_NEAR(grad[0], -std::expm1(-exact_d), 3e-6 * std::abs(std::expm1(-exact_d))) << d;
  }
}

TEST(PolicyLoss, RefusesWhatIsNotFiniteAndNamesTheToken) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Batch batch("token-mean", 1);
  batch.logprobs[5] = nan;
  EXPECT_THAT([&] { Loss(batch, {}); }, ThrowsMessage<Error>(HasSubstr("token 5")));
  batch = Batch("token-mean", 1);
  batch.logprobs[6] = 0;
  batch.old_logprobs[6] = -200;  // the ratio overflows
  EXPECT_THAT([&] { Loss(batch, {}); }, ThrowsMessage<Error>(HasSubstr("token 6: ratio")));
  batch = Batch("token-mean", 1);
  batch.ref_logprobs[7] = 200;
  EXPECT_THAT([&] { Loss(batch, {}); }, ThrowsMessage<Error>(HasSubstr("token 7: the KL")));
}

TEST(PolicyLoss, NeedsTheReferenceOnlyForAPenalty) {
  Batch batch("token-mean", 1);
  batch.ref_logprobs.clear();
  EXPECT_EQ(Loss(batch, {.kl_coef = 0}).kl_tokens, 0);
  EXPECT_THAT([&] { Loss(batch, {.kl_coef = 0.1}); },
              ThrowsMessage<Error>(HasSubstr("0 reference logprobs")));
  batch.old_logprobs.pop_back();
  EXPECT_THAT([&] { Loss(batch, {.kl_coef = 0}); },
              ThrowsMessage<Error>(HasSubstr("15 logprobs, but 14 old logprobs")));
}

TEST(TokenWeights, DivideByWhatEachAggregationSays) {
  const std::vector<int64_t> lengths = {2, 6};
  const auto weights = [&](const char* name) {
    return TokenWeights(ParseAggregation(name), lengths, 10);
  };
  EXPECT_THAT(weights("seq-mean-token-mean"), ElementsAre(1.0 / 4, 1.0 / 12));
  EXPECT_THAT(weights("token-mean"), ElementsAre(1.0 / 8, 1.0 / 8));
  EXPECT_THAT(weights("seq-mean-token-sum-norm"), ElementsAre(1.0 / 20, 1.0 / 20));
  EXPECT_THAT(weights("seq-mean-token-sum"), ElementsAre(0.5, 0.5));
  EXPECT_THAT(weights("token-sum"), ElementsAre(1, 1));
}

TEST(TokenWeights, RefuseEmptyCompletionsAndUnknownNames) {
  EXPECT_THROW(TokenWeights(Aggregation::kTokenSum, std::vector<int64_t>{2, 0}, 1), Error);
  EXPECT_THROW(TokenWeights(Aggregation::kSeqMeanTokenSumNorm, std::vector<int64_t>{2}, 0), Error);
  EXPECT_THAT([] { ParseAggregation("mean"); }, ThrowsMessage<Error>(HasSubstr("token-mean")));
}

}  // namespace
}  // namespace r1zero
