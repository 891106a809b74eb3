#include "services/background_learner.h"

#include <gtest/gtest.h>

#include <future>

#include "common/error.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

std::shared_ptr<const Weights> Base() {
  return std::make_shared<const Weights>(InitWeights(TinyModel(), 1));
}

// Adds 1 to every weight with each update.
class CountingLearner : public Learner {
 public:
  UpdateMetrics Update(int64_t step, std::span<const Group>, std::span<const float>) override {
    for (float& weight : weights_.flat) weight += 1;
    return {.lr = static_cast<double>(step)};
  }
  std::shared_ptr<const Weights> Snapshot(int64_t version) const override {
    auto copy = std::make_shared<Weights>(weights_);
    copy->version = version;
    return copy;
  }
  void RefreshReference(int64_t version) override { state_.reference_version = version; }
  LearnerState State() const override { return state_; }
  void Restore(const Weights& weights, const LearnerState& state) override {
    weights_ = weights;
    state_ = state;
  }

 private:
  Weights weights_ = *Base();
  LearnerState state_;
};

std::unique_ptr<Learner> MakeCounting() { return std::make_unique<CountingLearner>(); }

TEST(BackgroundLearner, GivesTheBasePolicyBeforeTheLearnerIsThere) {
  std::promise<void> go_on;
  BackgroundLearner learner(Base(), [&] {
    go_on.get_future().wait();
    return MakeCounting();
  });
  const auto snapshot = learner.Snapshot(7);
  EXPECT_EQ(snapshot->version, 7);
  EXPECT_EQ(snapshot->flat, Base()->flat);
  go_on.set_value();
}

TEST(BackgroundLearner, GivesTheLearnersPolicyOnceItWasTrained) {
  BackgroundLearner learner(Base(), MakeCounting);
  EXPECT_EQ(learner.Update(3, {}, {}).lr, 3);
  EXPECT_EQ(learner.Snapshot(1)->flat[0], Base()->flat[0] + 1);
}

TEST(BackgroundLearner, GivesTheRestoredPolicyOnceItWasRestored) {
  BackgroundLearner learner(Base(), MakeCounting);
  Weights other = *Base();
  other.flat[0] = 42;
  learner.Restore(other, {.optimizer_step = 5});
  EXPECT_EQ(learner.Snapshot(1)->flat, other.flat);
  EXPECT_EQ(learner.State().optimizer_step, 5);
}

TEST(BackgroundLearner, ThrowsWhatMakingItThrewWhereItIsNeeded) {
  BackgroundLearner learner(Base(), []() -> std::unique_ptr<Learner> { Fail("no such device"); });
  EXPECT_EQ(learner.Snapshot(0)->flat, Base()->flat);
  EXPECT_THROW(learner.Update(0, {}, {}), Error);
}

TEST(BackgroundLearner, TellsThoseWhoWaitForOtherThingsThatMakingItFailed) {
  std::promise<void> go_on;
  BackgroundLearner learner(Base(), [&]() -> std::unique_ptr<Learner> {
    go_on.get_future().wait();
    Fail("no such device");
  });
  EXPECT_NO_THROW(learner.RethrowIfFailed()) << "not known yet";
  go_on.set_value();
  EXPECT_THROW(learner.Wait(), Error);
  EXPECT_THROW(learner.RethrowIfFailed(), Error);
}

}  // namespace
}  // namespace r1zero
