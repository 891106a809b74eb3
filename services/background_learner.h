// A learner that is made in the background: what can be said without it does not wait for it.
#pragma once

#include <functional>
#include <future>
#include <memory>

#include "grpo/learner.h"

namespace r1zero {

// Until the first Update, RefreshReference or Restore the policy is the base, and Snapshot gives that at
// once. Everything else waits for the learner; what making it throws is thrown there.
class BackgroundLearner : public Learner {
 public:
  // `make` runs in a thread of its own, from now on.
  BackgroundLearner(std::shared_ptr<const Weights> base,
                    std::function<std::unique_ptr<Learner>()> make);

  UpdateMetrics Update(int64_t step, std::span<const Group> groups,
                       std::span<const float> advantages) override;
  std::shared_ptr<const Weights> Snapshot(int64_t version) const override;
  void RefreshReference(int64_t version) override;
  LearnerState State() const override;
  void WithState(const std::function<void(const LearnerStateView&)>& use) const override;
  void Restore(const Weights& weights, const LearnerState& state) override;

  // Throws what making the learner threw, if it has; does not wait. For those who wait for other things
  // meanwhile.
  void RethrowIfFailed() const;
  // Waits until the learner is made; throws what making it threw.
  void Wait() const { learner_.get(); }

 private:
  Learner& Changed();  // the learner, whose policy is from now on its own

  std::shared_ptr<const Weights> base_;  // null once changed
  std::shared_future<std::unique_ptr<Learner>> learner_;
};

}  // namespace r1zero
