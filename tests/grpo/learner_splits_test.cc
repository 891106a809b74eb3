// The learner of every family, with the reference and without one: any split of a step's groups into
// micro-batches trains the same weights.
#include <gtest/gtest.h>

#include <string>

#include "rollout/engine.h"
#include "tests/grpo/tiny_model.h"

namespace r1zero {
namespace {

constexpr int64_t kGroups = 6;

struct Setting {
  std::string name;
  ModelFamily family = ModelFamily::kLlama;
  double kl_coef = 0;
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class LearnerWith : public testing::TestWithParam<Setting> {
 protected:
  Weights Base() const {
    ModelConfig model = TinyModel(/*vocab_size=*/29, /*max_positions=*/48);
    model.family = GetParam().family;
    Weights weights = InitWeights(model, 1);
    for (float& w : weights.flat) w *= 2;
    return weights;
  }
  std::unique_ptr<Learner> NewLearner(int64_t micro_batch_tokens, int threads) const {
    GrpoConfig config{.steps = 10,
                      .prompts_per_step = kGroups,
                      .group_size = kGroupSize,
                      .micro_batch_tokens = micro_batch_tokens,
                      .threads = threads};
    config.loss.kl_coef = GetParam().kl_coef;
    config.optimizer = {.lr = 3e-3};
    return MakeLearner(Base(), {.config = config, .max_completion_tokens = 40, .seed = 3});
  }
  static std::vector<Group> RollOut(const Weights& weights, int64_t first) {
    const EngineConfig config{.max_sequences = 32};
    Engine engine(MakeCpuDecoder(weights.config, NumKvBlocks(config, 48), MaxBatchTokens(config)),
                  config);
    engine.SetWeights(std::make_shared<Weights>(weights));
    for (int64_t g = first; g < first + kGroups; ++g)
      engine.Add({.id = static_cast<uint64_t>(g),
                  .policy_version = weights.version,
                  .prompt = {.ordinal = g, .tokens = {2, static_cast<int32_t>(3 + g % 7), 11}},
                  .sampling = {.group_size = kGroupSize, .max_total_tokens = 40, .seed = 5}});
    std::vector<Group> groups(kGroups);
    while (!engine.idle())
      for (Group& group : engine.Step()) groups[group.prompt.ordinal - first] = std::move(group);
    return groups;
  }
  // Groups 0 and 3 were all right or all wrong: without a reference they come last, forward only.
  static std::vector<float> Advantages() {
    std::vector<float> advantages;
    for (int i = 0; i < kGroups * kGroupSize; ++i)
      advantages.push_back(i / kGroupSize % 3 == 0 ? 0 : static_cast<float>(i * 7 % 5 - 2) * 0.6f);
    return advantages;
  }
  // After two updates: in the second the reference is another policy.
  std::string HashAfterTwoUpdates(int64_t micro_batch_tokens, int threads) const {
    const auto learner = NewLearner(micro_batch_tokens, threads);
    for (int64_t step = 0; step < 2; ++step) {
      const auto groups = RollOut(*learner->Snapshot(step), step * kGroups);
      const UpdateMetrics metrics = learner->Update(step, groups, Advantages());
      EXPECT_EQ(metrics.probs_diff_max, 0);
      EXPECT_EQ(metrics.loss.kl_tokens > 0, step > 0 && GetParam().kl_coef > 0);
    }
    return WeightSha256(*learner->Snapshot(2));
  }
};
INSTANTIATE_TEST_SUITE_P(
    , LearnerWith,
    testing::Values(Setting{"Llama"}, Setting{"LlamaAndReference", ModelFamily::kLlama, 0.1},
                    Setting{"QwenTwo", ModelFamily::kQwen2},
                    Setting{"QwenTwoAndReference", ModelFamily::kQwen2, 0.1},
                    Setting{"QwenThreeAndReference", ModelFamily::kQwen3, 0.1}),
    [](const auto& info) { return info.param.name; });

TEST_P(LearnerWith, TrainsTheSameWeightsWhateverTheMicroBatchesAndThreads) {
  const std::string expected = HashAfterTwoUpdates(1 << 20, 1);
  EXPECT_NE(expected, WeightSha256(Base()));
  for (const auto& [tokens, threads] : {std::pair<int64_t, int>{1, 1}, {50, 1}, {64, 2}, {200, 2}})
    EXPECT_EQ(HashAfterTwoUpdates(tokens, threads), expected)
        << tokens << " tokens, " << threads << " threads";
}

}  // namespace
}  // namespace r1zero
