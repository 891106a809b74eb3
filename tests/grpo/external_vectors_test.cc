// The loss and the advantages against TRL's and verl's own code, by vectors that the scripts in
// tests/python wrote.
#include <gtest/gtest.h>

#include "grpo/advantage.h"
#include "grpo/json_file.h"
#include "grpo/loss.h"
#include "grpo/metrics.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

Json Vectors(const std::string& name) {
  return ReadJson(std::filesystem::path(R1ZERO_TEST_DATA) / name);
}

std::vector<float> Floats(const Json& values) { return values.get<std::vector<float>>(); }

// The gradient and the sums that PolicyLoss gives for a case's numbers.
struct Result {
  std::vector<float> grad;
  LossSums sums;
};

Result RunCase(const Json& c, const LossConfig& config, int64_t max_completion_tokens) {
  const auto lengths = c["lengths"].get<std::vector<int64_t>>();
  const auto weight_of =
      TokenWeights(ParseAggregation(config.aggregation), lengths, max_completion_tokens);
  std::vector<float> advantages;
  std::vector<double> weights;
  for (size_t i = 0; i < lengths.size(); ++i) {
    advantages.insert(advantages.end(), static_cast<size_t>(lengths[i]),
                      c["advantages"][i].get<float>());
    weights.insert(weights.end(), static_cast<size_t>(lengths[i]), weight_of[i]);
  }
  const auto logps = Floats(c["logps"]), old = Floats(c["old_logps"]), ref = Floats(c["ref_logps"]);
  Result result{std::vector<float>(logps.size()), {}};
  result.sums = PolicyLoss({logps, old, ref, advantages, weights}, config, result.grad);
  return result;
}

void ExpectSame(const Result& result, const Json& c) {
  const double expected = c["loss"];
  EXPECT_NEAR(result.sums.loss, expected, 1e-6 * (1 + std::abs(expected)));
  for (size_t n = 0; n < result.grad.size(); ++n) {
    const double grad = c["grad"][n];
    EXPECT_NEAR(result.grad[n], grad, 1e-6 * (0.1 + std::abs(grad))) << "token " << n;
  }
}

std::string AggregationOf(const std::string& trl_loss_type) {
  if (trl_loss_type == "grpo") return "seq-mean-token-mean";
  if (trl_loss_type == "dr_grpo") return "seq-mean-token-sum-norm";
  return "token-mean";  // bnpo, dapo
}

TEST(TrlVectors, HaveTheLossTheGradientAndTheMetricsOfTrl) {
  const Json losses = Vectors("trl_loss.json")["losses"];
  ASSERT_GE(losses.size(), 24u);
  for (const Json& c : losses) {
    SCOPED_TRACE(c["loss_type"].get<std::string>() + ", beta " + c["beta"].dump() + ", epsilon " +
                 c["epsilon"].dump() + " " + c["epsilon_high"].dump());
    const LossConfig config{.clip_low = c["epsilon"],
                            .clip_high = c["epsilon_high"],
                            .kl_coef = c["beta"],
                            .kl_estimator = "unbiased",  // TRL's use_bias_correction_kl
                            .aggregation = AggregationOf(c["loss_type"])};
    const Result result = RunCase(c, config, 9);
    ExpectSame(result, c);
    const double tokens = result.sums.tokens;
    EXPECT_NEAR(result.sums.clipped_low / tokens, c["clip_low"].get<double>(), 1e-6);
    EXPECT_NEAR(result.sums.clipped_high / tokens, c["clip_high"].get<double>(), 1e-6);
    if (c["kl"].is_number()) {
      EXPECT_NEAR(result.sums.kl_tokens / tokens, c["kl"].get<double>(), 1e-6);
    }
  }
}

TEST(TrlVectors, HaveTheAdvantagesAndTheRewardMetricsOfTrl) {
  const Json vectors = Vectors("trl_loss.json");
  for (const Json& c : vectors["advantages"]) {
    const std::string scale = c["scale_rewards"];
    const AdvantageStd std = scale == "group"   ? AdvantageStd::kUnbiased
                             : scale == "batch" ? AdvantageStd::kBatch
                                                : AdvantageStd::kNone;
    const auto rewards = c["rewards"].get<std::vector<double>>();
    const int64_t group_size = c["num_generations"];
    const auto advantages = Advantages(rewards, group_size, std, 1e-4);
    for (size_t i = 0; i < advantages.size(); ++i)
      EXPECT_NEAR(advantages[i], c["advantages"][i].get<double>(), 1e-6) << scale << " " << i;
    if (scale == "batch") continue;  // there TRL's count of equal groups looks at the batch

    std::vector<Group> groups(rewards.size() / static_cast<size_t>(group_size));
    for (size_t i = 0; i < rewards.size(); ++i) {
      Completion completion{.tokens = {1}, .reward = rewards[i]};
      groups[i / static_cast<size_t>(group_size)].completions.push_back(completion);
    }
    const Metrics metrics = GroupMetrics(groups, {});
    EXPECT_EQ(metrics[0].first, "reward");
    EXPECT_NEAR(metrics[0].second, c["reward"].get<double>(), 1e-6);
    EXPECT_EQ(metrics[1].first, "reward_std");
    EXPECT_NEAR(metrics[1].second, c["reward_std"].get<double>(), 1e-6);
    EXPECT_EQ(metrics[2].first, "frac_reward_zero_std");
    EXPECT_NEAR(metrics[2].second, c["frac_reward_zero_std"].get<double>(), 1e-6);
  }
}

TEST(VerlVectors, HaveTheLossTheGradientAndTheMetricsOfVerl) {
  const Json losses = Vectors("verl_loss.json")["losses"];
  ASSERT_GE(losses.size(), 30u);
  for (const Json& c : losses) {
    SCOPED_TRACE(c["aggregation"].get<std::string>() + ", " + c["kl_estimator"].dump() + ", clip " +
                 c["clip_high"].dump());
    const LossConfig config{.clip_low = c["clip_low"],
                            .clip_high = c["clip_high"],
                            .kl_coef = c["kl_coef"],
                            .kl_estimator = c["kl_estimator"],
                            .aggregation = c["aggregation"]};
    const Result result = RunCase(c, config, 9);
    ExpectSame(result, c);
    const LossSums& sums = result.sums;
    EXPECT_NEAR(-sums.surrogate, c["pg_loss"].get<double>(), 1e-6 * (1 + std::abs(sums.surrogate)));
    EXPECT_NEAR(sums.kl, c["kl_loss"].get<double>(), 1e-6);
    EXPECT_NEAR(sums.old_kl_sum / sums.tokens, c["ppo_kl"].get<double>(), 1e-6);
    EXPECT_NEAR((sums.clipped_low + sums.clipped_high) / sums.tokens,
                c["pg_clipfrac"].get<double>(), 1e-6);
  }
}

TEST(VerlVectors, HaveTheAdvantagesOfVerl) {
  const Json vectors = Vectors("verl_loss.json");
  for (const Json& c : vectors["advantages"]) {
    const auto std = c["by_std"].get<bool>() ? AdvantageStd::kUnbiased : AdvantageStd::kNone;
    const auto advantages =
        Advantages(c["rewards"].get<std::vector<double>>(), c["group_size"], std, 1e-6);
    for (size_t i = 0; i < advantages.size(); ++i)
      EXPECT_NEAR(advantages[i], c["advantages"][i].get<double>(), 1e-6) << i;
  }
}

}  // namespace
}  // namespace r1zero
