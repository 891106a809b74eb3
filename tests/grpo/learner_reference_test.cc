// The reference, a policy that is frozen, and groups without advantage.
#include <gtest/gtest.h>

#include "tests/grpo/tiny_learner.h"

namespace r1zero {
namespace {

TEST(Learner, StateBeforeARefreshBringsTheBaseBackAsReference) {
  const auto learner = NewLearner(TinyGrpo());
  const LearnerState state = learner->State();
  EXPECT_TRUE(state.reference.empty());
  const auto groups = SampleGroups(Base());
  learner->Update(0, groups, SomeAdvantages(groups));
  learner->RefreshReference(1);
  learner->Restore(Base(), state);
  EXPECT_EQ(learner->Update(0, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
}

TEST(Learner, RefreshedReferenceIsThePolicy) {
  const auto learner = NewLearner(TinyGrpo());
  auto groups = SampleGroups(Base());
  learner->Update(0, groups, SomeAdvantages(groups));
  groups = SampleGroups(*learner->Snapshot(1));
  const LearnerState state = learner->State();
  EXPECT_GT(learner->Update(1, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
  learner->RefreshReference(2);
  groups = SampleGroups(*learner->Snapshot(2));
  EXPECT_EQ(learner->Update(2, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
}

TEST(Learner, FrozenPolicyKeepsItsBits) {
  GrpoConfig config = TinyGrpo();
  config.optimizer.lr = 0;
  const auto learner = NewLearner(config);
  const auto groups = SampleGroups(Base());
  const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
  EXPECT_GT(metrics.grad_norm, 0);
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
}

TEST(Learner, CompletionsWithoutAdvantageAreMeasuredButMoveNothingWithoutKl) {
  GrpoConfig config = TinyGrpo();
  const auto groups = SampleGroups(Base());
  const auto with_kl = NewLearner(config);
  const double entropy = with_kl->Update(0, groups, SomeAdvantages(groups)).entropy;
  config.loss.kl_coef = 0;
  const auto learner = NewLearner(config);
  const std::vector<float> zeros(groups.size() * kGroupSize, 0.0f);
  const UpdateMetrics metrics = learner->Update(0, groups, zeros);
  EXPECT_NEAR(metrics.entropy, entropy, 1e-9);
  EXPECT_EQ(metrics.loss.tokens, 6 * 42);
  EXPECT_EQ(metrics.grad_norm, 0);
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
}

TEST(Learner, GroupsWithoutAdvantageLeaveTheSameBitsHoweverTheStepIsCut) {
  GrpoConfig config = TinyGrpo();
  config.loss.kl_coef = 0;
  const auto groups = SampleGroups(Base());
  std::vector<float> advantages = SomeAdvantages(groups);
  for (size_t i = 0; i < advantages.size(); ++i)
    if (i / kGroupSize % 2 == 0) advantages[i] = 0;
  std::set<std::string> hashes;
  for (const int64_t tokens : {1, 40, 64, 8192}) {
    config.micro_batch_tokens = tokens;
    const auto learner = NewLearner(config);
    const UpdateMetrics metrics = learner->Update(0, groups, advantages);
    EXPECT_GT(metrics.grad_norm, 0);
    EXPECT_EQ(metrics.loss.tokens, 6 * 42) << "those without advantage are measured too";
    hashes.insert(Hash(*learner));
  }
  EXPECT_EQ(hashes.size(), 1);
}

}  // namespace
}  // namespace r1zero
