#include "services/background_learner.h"

#include <chrono>
#include <utility>

#include "common/error.h"

namespace r1zero {

BackgroundLearner::BackgroundLearner(std::shared_ptr<const Weights> base,
                                     std::function<std::unique_ptr<Learner>()> make)
    : base_(std::move(base)), learner_(std::async(std::launch::async, std::move(make))) {
  Require(base_ != nullptr, "a learner in the background without a base policy");
}

Learner& BackgroundLearner::Changed() {
  Learner& learner = *learner_.get();
  base_ = nullptr;
  return learner;
}

void BackgroundLearner::RethrowIfFailed() const {
  if (learner_.wait_for(std::chrono::seconds(0)) == std::future_status::ready) learner_.get();
}

UpdateMetrics BackgroundLearner::Update(int64_t step, std::span<const Group> groups,
                                        std::span<const float> advantages) {
  return Changed().Update(step, groups, advantages);
}

std::shared_ptr<const Weights> BackgroundLearner::Snapshot(int64_t version) const {
  if (!base_) return learner_.get()->Snapshot(version);
  if (base_->version == version) return base_;
  Weights weights = *base_;
  weights.version = version;
  return std::make_shared<const Weights>(std::move(weights));
}

void BackgroundLearner::RefreshReference(int64_t version) { Changed().RefreshReference(version); }

LearnerState BackgroundLearner::State() const { return learner_.get()->State(); }

void BackgroundLearner::WithState(const std::function<void(const LearnerStateView&)>& use) const {
  learner_.get()->WithState(use);
}

void BackgroundLearner::Restore(const Weights& weights, const LearnerState& state) {
  Changed().Restore(weights, state);
}

}  // namespace r1zero
