// Rollouts that truncate or penalise, from the engine to the update: the learner's distributions are
// those that were sampled from.
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "rollout/engine.h"
#include "tests/grpo/tiny_model.h"

namespace r1zero {
namespace {

// Of a spread that makes truncation bite.
Weights Base() {
  Weights weights = InitWeights(TinyModel(/*vocab_size=*/75, /*max_positions=*/48), 1);
  for (float& w : weights.flat) w *= 3;
  return weights;
}

std::vector<Group> RollOut(const Weights& weights, SamplingParams sampling, int64_t first = 0) {
  const EngineConfig config{.max_sequences = 16};
  Engine engine(MakeCpuDecoder(weights.config, NumKvBlocks(config, 48), MaxBatchTokens(config)),
                config);
  engine.SetWeights(std::make_shared<Weights>(weights));
  sampling.group_size = kGroupSize;
  sampling.max_total_tokens = 40;
  sampling.seed = 5;
  constexpr int64_t kGroups = 6;
  for (int64_t g = first; g < first + kGroups; ++g)
    engine.Add({.id = static_cast<uint64_t>(g),
                .policy_version = weights.version,
                .prompt = {.ordinal = g, .tokens = {2, static_cast<int32_t>(3 + g % 7), 11}},
                .sampling = sampling});
  std::vector<Group> groups(kGroups);
  while (!engine.idle())
    for (Group& group : engine.Step()) groups[group.prompt.ordinal - first] = std::move(group);
  return groups;
}

std::unique_ptr<Learner> NewLearner(const SamplingParams& sampling, int64_t micro_batch_tokens,
                                    int threads = 1) {
  GrpoConfig config{.steps = 10,
                    .prompts_per_step = 6,
                    .group_size = kGroupSize,
                    .micro_batch_tokens = micro_batch_tokens,
                    .threads = threads};
  config.loss.kl_coef = 0.01;
  config.optimizer = {.lr = 3e-3};
  return MakeLearner(Base(), {.config = config,
                              .max_completion_tokens = 40,
                              .temperature = sampling.temperature,
                              .seed = 3,
                              .repetition_penalty = sampling.repetition_penalty});
}

struct Setting {
  std::string name;
  SamplingParams sampling;
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class RolloutWith : public testing::TestWithParam<Setting> {};
INSTANTIATE_TEST_SUITE_P(
    , RolloutWith,
    testing::Values(Setting{"none", {}}, Setting{"top_p", {.top_p = 0.9f}},
                    Setting{"top_k", {.top_k = 5}}, Setting{"min_p", {.min_p = 0.05f}},
                    Setting{"repetition_penalty", {.repetition_penalty = 1.2f}},
                    Setting{"all",
                            {.temperature = 0.8f,
                             .top_k = 5,
                             .top_p = 0.9f,
                             .min_p = 0.05f,
                             .repetition_penalty = 1.2f}}),
    [](const auto& info) { return info.param.name; });

TEST_P(RolloutWith, TheLearnersProbabilitiesAreTheRolloutsToTheBit) {
  const SamplingParams& sampling = GetParam().sampling;
  const auto learner = NewLearner(sampling, 64);
  for (int64_t step = 0; step < 2; ++step) {
    const auto groups = RollOut(*learner->Snapshot(step), sampling, step * 6);
    for (const Group& group : groups)
      for (const Completion& completion : group.completions)
        EXPECT_EQ(completion.kept.empty(), !Truncates(sampling));
    const UpdateMetrics metrics = learner->Update(step, groups, SomeAdvantages(groups));
    EXPECT_EQ(metrics.probs_diff_max, 0);
    EXPECT_EQ(metrics.loss.ratio_sum, metrics.loss.tokens);
    EXPECT_EQ(metrics.loss.old_kl_sum, 0);
    if (step == 0) {
      EXPECT_EQ(metrics.loss.kl_tokens, 0) << "the reference is the policy";
    }
    if (sampling.top_k > 0) {
      EXPECT_LE(metrics.entropy, std::log(sampling.top_k) + 1e-6);
    }
  }
}

TEST_P(RolloutWith, MicroBatchesAndThreadsDoNotChangeAWeight) {
  const SamplingParams& sampling = GetParam().sampling;
  const auto groups = RollOut(Base(), sampling);
  std::string expected;
  for (const auto& [tokens, threads] :
       {std::pair<int64_t, int>{64, 1}, {1, 1}, {10000, 1}, {200, 2}}) {
    const auto learner = NewLearner(sampling, tokens, threads);
    learner->Update(0, groups, SomeAdvantages(groups));
    const std::string hash = WeightSha256(*learner->Snapshot(1));
    if (expected.empty()) expected = hash;
    EXPECT_EQ(hash, expected) << tokens << " tokens, " << threads << " threads";
  }
}

}  // namespace
}  // namespace r1zero
