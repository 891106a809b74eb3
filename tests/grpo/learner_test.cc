#include "grpo/learner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/grpo/tiny_learner.h"

namespace r1zero {
namespace {

TEST(Learner, FirstPassHasTheRolloutsProbabilitiesToTheBit) {
  for (const float temperature : {1.0f, 0.7f}) {
    const auto learner = NewLearner(TinyGrpo(), temperature);
    const auto groups = SampleGroups(Base(), temperature);
    const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
    EXPECT_EQ(metrics.probs_diff_max, 0);
    EXPECT_EQ(metrics.probs_diff_mean, 0);
    EXPECT_EQ(metrics.loss.ratio_sum, metrics.loss.tokens);
    EXPECT_EQ(metrics.loss.old_kl_sum, 0);
    EXPECT_EQ(metrics.loss.kl_tokens, 0) << "the reference is the policy";
    EXPECT_EQ(metrics.loss.clipped_low + metrics.loss.clipped_high, 0);
  }
}

TEST(Learner, CountsTokensAndSteps) {
  const auto learner = NewLearner(TinyGrpo());
  const auto groups = SampleGroups(Base());
  const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
  EXPECT_EQ(metrics.optimizer_steps, 1);
  EXPECT_EQ(metrics.loss.tokens, 6 * (3 + 8 + 13 + 18));
  EXPECT_EQ(metrics.tokens, 6 * (3 + 8 + 13 + 18) + 24 * (3 - 1)) << "the last token is not run";
  EXPECT_DOUBLE_EQ(metrics.lr, 1.5e-3) << "half way up the warm-up";
  EXPECT_GT(metrics.entropy, 0);
  EXPECT_LE(metrics.entropy, std::log(kVocab));
}

TEST(Learner, HashDoesNotDependOnMicroBatchesNorOnThreads) {
  GrpoConfig config = TinyGrpo();
  const std::string expected = HashAfterTwoSteps(config);
  for (const int64_t tokens : {1, 64, 512, 65536})
    for (const int threads : {1, 2, 4}) {
      config.micro_batch_tokens = tokens;
      config.threads = threads;
      EXPECT_EQ(HashAfterTwoSteps(config), expected) << tokens << " tokens, " << threads;
    }
}

TEST(Learner, MiniBatchesAndInnerEpochsTakeTheirOptimizerStepsReproducibly) {
  std::vector<std::string> hashes;
  for (const auto& [minibatches, epochs] : {std::pair{1, 1}, {3, 1}, {1, 2}, {3, 2}}) {
    GrpoConfig config = TinyGrpo();
    config.minibatches = minibatches;
    config.inner_epochs = epochs;
    const auto learner = NewLearner(config);
    const auto groups = SampleGroups(Base());
    const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
    EXPECT_EQ(metrics.optimizer_steps, minibatches * epochs);
    EXPECT_EQ(learner->State().optimizer_step, minibatches * epochs);
    EXPECT_EQ(metrics.loss.tokens, 6 * 42 * epochs) << "each epoch sees every token once";
    EXPECT_EQ(metrics.probs_diff_max, 0) << "measured before the first change";
    EXPECT_EQ(HashAfterTwoSteps(config), HashAfterTwoSteps(config));
    hashes.push_back(Hash(*learner));
  }
  std::ranges::sort(hashes);
  EXPECT_EQ(std::ranges::adjacent_find(hashes), hashes.end());
}

TEST(Learner, DroppedGroupsCostOptimizerStepsAndDoNotShiftTheLearningRate) {
  GrpoConfig config = TinyGrpo();
  config.steps = 2;
  config.minibatches = 6;
  config.optimizer = {.lr = 1, .warmup_steps = 0, .final_lr_fraction = 0, .decay_start = 0};
  config.optimizer.max_grad_norm = 1e-6;
  const auto groups = SampleGroups(Base());
  const auto advantages = SomeAdvantages(groups);
  const auto all = NewLearner(config), fewer = NewLearner(config);
  const UpdateMetrics full = all->Update(0, groups, advantages);
  EXPECT_EQ(full.optimizer_steps, 6);
  EXPECT_DOUBLE_EQ(full.lr, 1 - 5.0 / 11);

  const UpdateMetrics dropped =
      fewer->Update(0, std::span(groups).first(5), std::span(advantages).first(5 * kGroupSize));
  EXPECT_EQ(dropped.optimizer_steps, 5);
  EXPECT_EQ(fewer->State().optimizer_step, 5);
  EXPECT_EQ(dropped.loss.tokens, 5 * 42);
  EXPECT_DOUBLE_EQ(dropped.lr, full.lr);
  EXPECT_EQ(fewer->Update(1, groups, advantages).lr, 0) << "the last step of the run";
}

TEST(Learner, RestoredInTheMiddleEndsInTheSameBits) {
  const auto run = [](bool restore) {
    auto learner = NewLearner(TinyGrpo());
    for (int64_t step = 0; step < 4; ++step) {
      if (step == 1) learner->RefreshReference(1);
      const auto weights = learner->Snapshot(step);
      if (restore && step == 2) {
        const LearnerState state = learner->State();
        EXPECT_EQ(state.reference_version, 1);
        learner = NewLearner(TinyGrpo());
        learner->Restore(*weights, state);
      }
      const auto groups = SampleGroups(*weights, 1.0f, 6, step * 6);
      learner->Update(step, groups, SomeAdvantages(groups));
    }
    return Hash(*learner);
  };
  EXPECT_EQ(run(true), run(false));
}

}  // namespace
}  // namespace r1zero
