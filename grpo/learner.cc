#include "grpo/learner.h"

#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <string>
#include <utility>

#include "common/error.h"
#include "grpo/batch.h"
#include "grpo/minibatch.h"
#include "grpo/optimizer.h"
#include "grpo/packed_batch.h"
#include "grpo/schedule.h"
#include "grpo/training_device.h"
#include "policy/transformer.h"

namespace r1zero {
namespace {

using torch::Tensor;

// REQUIRES a tensor on the CPU.
std::span<const float> Floats(const Tensor& x) {
  return {x.const_data_ptr<float>(), static_cast<size_t>(x.numel())};
}

// A host copy of one value a token.
std::vector<float> TokenValues(const Tensor& x_N) {
  const Tensor cpu = x_N.detach().cpu();
  const float* data = cpu.const_data_ptr<float>();
  return {data, data + cpu.numel()};
}

// Error naming the first token whose log-probability is not what the sampler recorded.
void RequireSameBits(std::span<const TrainingSequence> sequences,
                     std::span<const float> logprobs_N) {
  size_t n = 0;
  for (const TrainingSequence& sequence : sequences)
    for (size_t t = 0; t < sequence.completion->logprobs.size(); ++t, ++n)
      Require(std::bit_cast<uint32_t>(sequence.completion->logprobs[t]) ==
                  std::bit_cast<uint32_t>(logprobs_N[n]),
              "grpo.check_old_logprobs: prompt ", sequence.prompt->ordinal, ", token ", t,
              " of a completion: the sampler recorded a log-probability of ",
              sequence.completion->logprobs[t], ", the learner computes ", logprobs_N[n],
              "; expected the same bits (is a worker of another build at work?)");
}

// Sums over tokens that become means when the update is complete.
struct Totals {
  double entropy = 0, grad_norm = 0, probs_diff = 0;
  int64_t probs_diff_tokens = 0;
};

bool HasGradient(const TrainingSequence& sequence) { return sequence.advantage != 0; }

// How many come first: those of groups with a gradient. The completions of a prompt are neighbours and
// stay so.
size_t MoveGroupsWithoutGradientBack(std::vector<TrainingSequence>& sequences) {
  std::set<const Prompt*> with_gradient;
  for (const TrainingSequence& sequence : sequences)
    if (HasGradient(sequence)) with_gradient.insert(sequence.prompt);
  const auto without = std::ranges::stable_partition(
      sequences, [&](const TrainingSequence& s) { return with_gradient.contains(s.prompt); });
  return sequences.size() - without.size();
}

class GrpoLearner : public Learner {
 public:
  GrpoLearner(const Weights& base, const LearnerOptions& options)
      : config_(options.config),
        options_(options),
        aggregation_(ParseAggregation(config_.loss.aggregation)),
        device_(options.device, config_.threads),
        policy_(base.config, device_.device, device_.pool, PassUse::kTraining, options.storage),
        optimizer_(base.config, AdamWOf(config_.optimizer), device_.device, device_.pool) {
    Require(options.temperature > 0, "learner: temperature ", options.temperature,
            ", expected more than 0");
    policy_->Load(base);
    if (!uses_reference()) return;
    reference_ =
        Transformer(base.config, device_.device, device_.pool, PassUse::kForward, options.storage);
    reference_->Load(base);
  }

  UpdateMetrics Update(int64_t step, std::span<const Group> groups,
                       std::span<const float> advantages) override;

  std::shared_ptr<const Weights> Snapshot(int64_t version) const override {
    return policy_->Snapshot(version);
  }

  void RefreshReference(int64_t version) override {
    if (uses_reference() && reference_is_base_) base_ = reference_->Snapshot(0);
    if (uses_reference()) reference_->Load(*policy_->Snapshot(version));
    reference_is_base_ = false;
    reference_version_ = version;
  }

  LearnerState State() const override;
  void WithState(const std::function<void(const LearnerStateView&)>& use) const override;
  void Restore(const Weights& weights, const LearnerState& state) override;

 private:
  static AdamWConfig AdamWOf(const OptimizerConfig& c) {
    return {c.beta1, c.beta2, c.eps, c.weight_decay, c.max_grad_norm};
  }
  bool uses_reference() const { return config_.loss.kl_coef != 0; }
  SampledFrom SampledFromHere() const {
    return {policy_->config().vocab_size, options_.repetition_penalty};
  }
  int64_t total_optimizer_steps() const {
    return config_.steps * config_.minibatches * config_.inner_epochs;
  }

  void OptimizerStep(std::vector<TrainingSequence> sequences, double lr, UpdateMetrics& metrics,
                     Totals& totals);
  void SetTokenWeights(std::vector<TrainingSequence>& sequences) const;
  void RunMicroBatches(std::span<const TrainingSequence> sequences, PassUse use,
                       UpdateMetrics& metrics, Totals& totals);
  void RunMicroBatch(const MicroBatch& micro_batch, PassUse use, UpdateMetrics& metrics,
                     Totals& totals);
  void CheckOldLogprobs(std::span<const Group> groups);
  void RestoreReference(const LearnerState& state);
  std::vector<float> ReferenceLogprobs(const PackedBatch& batch);

  GrpoConfig config_;
  LearnerOptions options_;
  std::shared_ptr<const Weights> base_;  // null as long as the reference is the base itself
  Aggregation aggregation_;
  TrainingDevice device_;
  Transformer policy_;
  Transformer reference_{nullptr};  // null if kl_coef == 0
  AdamWOptimizer optimizer_;
  bool reference_is_base_ = true;
  int64_t reference_version_ = 0;
};

UpdateMetrics GrpoLearner::Update(int64_t step, std::span<const Group> groups,
                                  std::span<const float> advantages) {
  UpdateMetrics metrics;
  Totals totals;
  if (config_.check_old_logprobs) CheckOldLogprobs(groups);
  for (int64_t epoch = 0; epoch < config_.inner_epochs; ++epoch) {
    auto minibatches =
        MakeMinibatches(groups, advantages, config_.minibatches, {options_.seed, step, epoch});
    for (size_t i = 0; i < minibatches.size(); ++i) {
      if (minibatches[i].empty()) continue;  // groups were dropped
      // The place in the whole run, so that steps left out do not shift the schedule.
      const int64_t place =
          (step * config_.inner_epochs + epoch) * config_.minibatches + static_cast<int64_t>(i);
      const double lr = ScheduledLr(config_.optimizer, place, total_optimizer_steps());
      try {
        OptimizerStep(std::move(minibatches[i]), lr, metrics, totals);
      } catch (const Error& error) {
        Fail("training step ", step, ", epoch ", epoch, ", mini-batch ", i, ": ", error.what());
      }
    }
  }
  metrics.entropy = totals.entropy / metrics.loss.tokens;
  metrics.grad_norm = totals.grad_norm / static_cast<double>(metrics.optimizer_steps);
  metrics.probs_diff_mean = totals.probs_diff / static_cast<double>(totals.probs_diff_tokens);
  return metrics;
}

void GrpoLearner::OptimizerStep(std::vector<TrainingSequence> sequences, double lr,
                                UpdateMetrics& metrics, Totals& totals) {
  SetTokenWeights(sequences);
  // Without a KL term a group whose advantages are 0 has no gradient: those come last, forward only.
  const size_t trained =
      uses_reference() ? sequences.size() : MoveGroupsWithoutGradientBack(sequences);
  const std::span<const TrainingSequence> all = sequences;
  policy_->ZeroGradients();
  RunMicroBatches(all.first(trained), PassUse::kTraining, metrics, totals);
  RunMicroBatches(all.subspan(trained), PassUse::kForward, metrics, totals);
  metrics.lr = lr;
  totals.grad_norm += optimizer_.Step(policy_, lr);
  ++metrics.optimizer_steps;
}

void GrpoLearner::RunMicroBatches(std::span<const TrainingSequence> sequences, PassUse use,
                                  UpdateMetrics& metrics, Totals& totals) {
  const auto micro_batches = SplitMicroBatches(sequences, config_.micro_batch_tokens);
  for (size_t i = 0; i < micro_batches.size(); ++i) {
    try {
      RunMicroBatch(micro_batches[i], use, metrics, totals);
    } catch (const Error& error) {
      Fail("micro-batch ", i, " of ", micro_batches.size(), ": ", error.what());
    }
  }
}

void GrpoLearner::SetTokenWeights(std::vector<TrainingSequence>& sequences) const {
  std::vector<int64_t> lengths;
  for (const TrainingSequence& s : sequences)
    lengths.push_back(static_cast<int64_t>(s.completion->tokens.size()));
  const int64_t max_tokens = config_.loss.max_completion_tokens > 0
                                 ? config_.loss.max_completion_tokens
                                 : options_.max_completion_tokens;
  const std::vector<double> weights = TokenWeights(aggregation_, lengths, max_tokens);
  for (size_t i = 0; i < sequences.size(); ++i) sequences[i].token_weight = weights[i];
}

void GrpoLearner::RunMicroBatch(const MicroBatch& micro_batch, PassUse use, UpdateMetrics& metrics,
                                Totals& totals) {
  const PackedBatch batch = PackSequences(micro_batch, SampledFromHere());
  const std::vector<float> ref_logprobs_N = ReferenceLogprobs(batch);

  const at::AutoGradMode grad_mode(use == PassUse::kTraining);
  const LogprobOutput out =
      policy_->Logprobs(batch.tokens, batch.rows, 1.0f / options_.temperature);
  const std::vector<float> logprobs_N = TokenValues(out.logprobs_R);
  Tensor grad_N = at::empty({static_cast<int64_t>(logprobs_N.size())}, at::kFloat);
  const LossInputs inputs{logprobs_N, batch.old_logprobs_N, ref_logprobs_N, batch.advantages_N,
                          batch.weights_N};
  const LossSums sums =
      PolicyLoss(inputs, config_.loss, {grad_N.mutable_data_ptr<float>(), logprobs_N.size()});
  Require(std::isfinite(sums.loss) && grad_N.isfinite().all().item<bool>(), "the loss is ",
          sums.loss, " or its gradient is not finite");
  if (use == PassUse::kTraining) out.logprobs_R.backward(grad_N.to(device_.device));

  metrics.loss += sums;
  for (const TrainingSequence& sequence : micro_batch.sequences)
    metrics.tokens += static_cast<int64_t>(sequence.prompt->tokens.size()) + sequence.own_tokens();
  for (const float entropy : TokenValues(out.entropy_R)) totals.entropy += entropy;
  if (metrics.optimizer_steps > 0) return;
  // The weights are still those that sampled: any difference is the sampler's or the learner's
  // fault.
  for (size_t n = 0; n < logprobs_N.size(); ++n) {
    const double diff =
        std::abs(std::exp(double{batch.old_logprobs_N[n]}) - std::exp(double{logprobs_N[n]}));
    metrics.probs_diff_max = std::max(metrics.probs_diff_max, diff);
    totals.probs_diff += diff;
  }
  totals.probs_diff_tokens += static_cast<int64_t>(logprobs_N.size());
}

// The pass that is left out otherwise, because what the sampler recorded has the same bits.
void GrpoLearner::CheckOldLogprobs(std::span<const Group> groups) {
  const at::NoGradGuard no_grad;
  std::vector<TrainingSequence> sequences;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions)
      sequences.push_back({&group.prompt, &completion, 0, 0});
  for (const MicroBatch& micro_batch : SplitMicroBatches(sequences, config_.micro_batch_tokens)) {
    const PackedBatch batch = PackSequences(micro_batch, SampledFromHere());
    const std::vector<float> logprobs_N = TokenValues(
        policy_->Logprobs(batch.tokens, batch.rows, 1.0f / options_.temperature).logprobs_R);
    RequireSameBits(micro_batch.sequences, logprobs_N);
  }
}

std::vector<float> GrpoLearner::ReferenceLogprobs(const PackedBatch& batch) {
  if (!uses_reference()) return {};
  const at::NoGradGuard no_grad;
  return TokenValues(
      reference_->Logprobs(batch.tokens, batch.rows, 1.0f / options_.temperature).logprobs_R);
}

LearnerState GrpoLearner::State() const {
  LearnerState state;
  WithState([&](const LearnerStateView& view) { state = Copy(view); });
  return state;
}

void GrpoLearner::WithState(const std::function<void(const LearnerStateView&)>& use) const {
  const Tensor m = optimizer_.m().cpu(), v = optimizer_.v().cpu();
  const bool has_own_reference = uses_reference() && !reference_is_base_;
  const Tensor reference =
      has_own_reference ? Transformer(reference_)->flat_params().cpu() : Tensor();
  use({.optimizer_step = optimizer_.steps(),
       .reference_version = reference_version_,
       .adam_m = Floats(m),
       .adam_v = Floats(v),
       .reference = has_own_reference ? Floats(reference) : std::span<const float>()});
}

void GrpoLearner::Restore(const Weights& weights, const LearnerState& state) {
  policy_->Load(weights);
  optimizer_.Restore(state.optimizer_step, state.adam_m, state.adam_v);
  reference_version_ = state.reference_version;
  if (uses_reference()) RestoreReference(state);
  reference_is_base_ = state.reference.empty();
}

void GrpoLearner::RestoreReference(const LearnerState& state) {
  const bool becomes_base = state.reference.empty();
  if (becomes_base && reference_is_base_) return;
  if (reference_is_base_) base_ = reference_->Snapshot(0);
  if (becomes_base) {
    reference_->Load(*base_);
    base_ = nullptr;
  } else {
    reference_->Load(Weights{policy_->config(), state.reference_version, state.reference});
  }
}

}  // namespace

std::unique_ptr<Learner> MakeLearner(const Weights& base, const LearnerOptions& options) {
  return std::make_unique<GrpoLearner>(base, options);
}

}  // namespace r1zero
