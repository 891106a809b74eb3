// The learner: groups with advantages in, one updated policy out.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "grpo/grpo_config.h"
#include "grpo/loss.h"
#include "policy/weights.h"
#include "rollout/group.h"

namespace r1zero {

// What one Update measured; names as in docs/metrics.md.
struct UpdateMetrics {
  LossSums loss;
  double grad_norm = 0;  // mean over optimizer steps, before clipping
  double lr = 0;
  double entropy = 0;         // mean over completion tokens
  double probs_diff_max = 0;  // |exp(rollout logprob) - exp(learner logprob)|, first pass only
  double probs_diff_mean = 0;
  int64_t optimizer_steps = 0;
  int64_t tokens = 0;  // forward and backward, prompts included
};

// What a checkpoint holds of the learner beside the weights.
struct LearnerState {
  int64_t optimizer_step = 0;
  int64_t reference_version = 0;
  kernels::AlignedVector<float> adam_m, adam_v,
      reference;  // reference empty: the base policy itself
};

// The same where it lies.
struct LearnerStateView {
  int64_t optimizer_step = 0;
  int64_t reference_version = 0;
  std::span<const float> adam_m, adam_v, reference;
};
inline LearnerStateView ViewOf(const LearnerState& s) {
  return {s.optimizer_step, s.reference_version, s.adam_m, s.adam_v, s.reference};
}
inline LearnerState Copy(const LearnerStateView& s) {
  const auto copy = [](std::span<const float> x) {
    return kernels::AlignedVector<float>(x.begin(), x.end());
  };
  return {s.optimizer_step, s.reference_version, copy(s.adam_m), copy(s.adam_v), copy(s.reference)};
}

// Not thread-safe. Interface, so that the trainer builds and is tested without libtorch.
class Learner {
 public:
  virtual ~Learner() = default;
  // One rollout's worth of training: minibatches x inner_epochs optimizer steps, fewer if there are
  // fewer groups than mini-batches. `groups` in ordinal order; advantages one a completion in the
  // same order. `step` counts rollouts from 0 and sets the learning rate. Error if a loss, gradient
  // or weight is not finite: the policy must not be used any more.
  virtual UpdateMetrics Update(int64_t step, std::span<const Group> groups,
                               std::span<const float> advantages) = 0;
  virtual std::shared_ptr<const Weights> Snapshot(int64_t version) const = 0;
  virtual void RefreshReference(int64_t version) = 0;  // the reference becomes the policy
  virtual LearnerState State() const = 0;
  // Calls `use` with the state, without a copy of it where the learner can: a checkpoint of a large
  // policy needs none.
  virtual void WithState(const std::function<void(const LearnerStateView&)>& use) const {
    const LearnerState state = State();
    use(ViewOf(state));
  }
  virtual void Restore(const Weights& weights, const LearnerState& state) = 0;
};

struct LearnerOptions {
  GrpoConfig config;
  int64_t max_completion_tokens = 0;
  float temperature = 1.0f;  // that the rollouts were sampled at
  uint64_t seed = 0;
  std::string device = "cpu";
  float repetition_penalty = 1.0f;  // of the rollouts; what they kept, they bring along
  kernels::Storage storage = kernels::Storage::kFloat32;  // the samplers'
};

// `base` is both the starting policy and the first reference.
std::unique_ptr<Learner> MakeLearner(const Weights& base, const LearnerOptions& options);

}  // namespace r1zero
