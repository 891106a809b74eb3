#include "grpo/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "common/error.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

std::map<std::string, double> AsMap(const Metrics& metrics) {
  std::map<std::string, double> map;
  for (const auto& [name, value] : metrics) EXPECT_TRUE(map.emplace(name, value).second) << name;
  return map;
}

std::vector<Group> TwoGroups() {
  Group mixed, equal;
  mixed.completions = {MakeCompletion("wait wait", 1, 1, 6), MakeCompletion("b", 0, 0, 2)};
  equal.completions = {MakeCompletion("wait", 0, 1, 4),
                       MakeCompletion("ww", 0, 1, 8, FinishReason::kLength)};
  equal.completions[1].reward = equal.completions[0].reward;
  return {mixed, equal};
}

TEST(GroupMetrics, AreTheFiguresOfAWorkedExample) {
  const std::vector<std::string> words = {"wait"};
  const auto m = AsMap(GroupMetrics(TwoGroups(), words));
  EXPECT_NEAR(m.at("reward"), (1.1 + 0 + 0.1 + 0.1) / 4, 1e-12);
  EXPECT_NEAR(m.at("reward_std"), 0.5188127, 1e-6);  // numpy.std([1.1, 0, .1, .1], ddof=1)
  EXPECT_EQ(m.at("frac_reward_zero_std"), 0.5);
  EXPECT_EQ(m.at("rewards/accuracy/mean"), 0.25);
  EXPECT_EQ(m.at("rewards/accuracy/std"), 0.5);
  EXPECT_EQ(m.at("rewards/format/mean"), 0.75);
  EXPECT_EQ(m.at("completions/mean_length"), 5);
  EXPECT_EQ(m.at("completions/min_length"), 2);
  EXPECT_EQ(m.at("completions/max_length"), 8);
  EXPECT_EQ(m.at("completions/clipped_ratio"), 0.25);
  EXPECT_EQ(m.at("completions/mean_terminated_length"), 4);
  EXPECT_EQ(m.at("completions/wait"), 0.75);
}

TEST(GroupMetrics, SayZeroWhenNoCompletionTerminated) {
  Group group;
  group.completions = {MakeCompletion("", 0, 0, 5, FinishReason::kLength)};
  const auto m = AsMap(GroupMetrics({&group, 1}, {}));
  EXPECT_EQ(m.at("completions/mean_terminated_length"), 0);
  EXPECT_EQ(m.at("completions/clipped_ratio"), 1);
  EXPECT_THROW(GroupMetrics({}, {}), Error);
}

TEST(LearnerMetrics, AreMeansOverTokensAndOptimizerSteps) {
  UpdateMetrics update;
  update.loss = {.loss = 3,
                 .surrogate = -2,
                 .kl = 4,
                 .tokens = 50,
                 .kl_tokens = 10,
                 .clipped_low = 5,
                 .clipped_high = 10,
                 .ratio_sum = 55,
                 .old_kl_sum = -1};
  update.optimizer_steps = 2;
  const auto m = AsMap(LearnerMetrics(update));
  EXPECT_EQ(m.at("loss"), 1.5);
  EXPECT_EQ(m.at("actor/pg_loss"), 1);
  EXPECT_EQ(m.at("actor/kl_loss"), 2);
  EXPECT_EQ(m.at("kl"), 0.2);
  EXPECT_EQ(m.at("clip_ratio/low_mean"), 0.1);
  EXPECT_EQ(m.at("clip_ratio/high_mean"), 0.2);
  EXPECT_NEAR(m.at("clip_ratio/region_mean"), 0.3, 1e-15);
  EXPECT_EQ(m.at("actor/ratio_mean"), 1.1);
  EXPECT_EQ(m.at("actor/ppo_kl"), -0.02);
}

TEST(CountWord, CountsWithoutOverlap) {
  EXPECT_EQ(CountWord("waitwait w ait await", "wait"), 3);
  EXPECT_EQ(CountWord("aaaa", "aa"), 2);
  EXPECT_EQ(CountWord("anything", ""), 0);
}

}  // namespace
}  // namespace r1zero
