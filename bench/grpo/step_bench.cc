// Whole GRPO steps in one process: rollout, rewards, advantages, one update with the reference pass
// (kl_coef 0.001), the new weights back to the engines. float32, AdamW. Seconds by phase beside the
// steps a second. No services, no log: what the ring adds to this is its orchestration.
#include <algorithm>
#include <chrono>

#include "bench/shapes.h"
#include "bench/workload.h"
#include "grpo/advantage.h"
#include "grpo/learner.h"

namespace r1zero {
namespace {

using bench::Workload;

double Seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A rule as cheap as any: how often a token occurs.
std::vector<double> Rewards(std::span<const Group> groups) {
  std::vector<double> rewards;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions)
      rewards.push_back(static_cast<double>(std::ranges::count(completion.tokens, 7)));
  return rewards;
}

class Trainer {
 public:
  Trainer(const ModelConfig& policy, const Workload& work, int threads)
      : work_(work),
        base_(std::make_shared<Weights>(InitWeights(policy, 1))),
        learner_(MakeLearner(*base_, Options(work, threads))),
        rollout_(policy, work, threads) {
    rollout_.SetWeights(base_);
  }

  void Step() {
    const double start = Seconds();
    const std::vector<Group> groups = rollout_.Run(step_ * work_.prompts);
    const double rolled_out = Seconds();
    const std::vector<float> advantages =
        Advantages(Rewards(groups), work_.group_size, AdvantageStd::kUnbiased, 1e-4);
    const double judged = Seconds();
    learner_->Update(step_++, groups, advantages);
    const double updated = Seconds();
    rollout_.SetWeights(learner_->Snapshot(step_));
    rollout_s += rolled_out - start;
    update_s += updated - judged;
    rest_s += Seconds() - updated + judged - rolled_out;
  }

  double rollout_s = 0, update_s = 0, rest_s = 0;  // summed over steps

 private:
  static LearnerOptions Options(const Workload& work, int threads) {
    LearnerOptions options{.max_completion_tokens = work.completion_tokens, .seed = 1};
    options.config.threads = threads;
    options.config.loss.kl_coef = 0.001;
    options.config.optimizer.lr = 1e-6;
    return options;
  }

  Workload work_;
  std::shared_ptr<Weights> base_;
  std::unique_ptr<Learner> learner_;
  bench::Rollout rollout_;
  int64_t step_ = 0;
};

// Arguments: shape, workload (1: S1, 2: S2), threads: of the learner, and engines.
void Step(benchmark::State& state) {
  const bench::Shape& shape = bench::Shapes()[state.range(0)];
  const Workload work = state.range(1) == 1 ? bench::ShapeS1() : bench::ShapeS2();
  Trainer trainer(shape.policy, work, static_cast<int>(state.range(2)));
  trainer.Step();  // the first one grows the buffers
  trainer.rollout_s = trainer.update_s = trainer.rest_s = 0;
  for (auto _ : state) trainer.Step();
  const auto n = static_cast<double>(state.iterations());
  state.counters["steps/s"] = {n, benchmark::Counter::kIsRate};
  state.counters["rollout_s"] = trainer.rollout_s / n;
  state.counters["update_s"] = trainer.update_s / n;
  state.counters["rest_s"] = trainer.rest_s / n;
  state.counters["generated"] = static_cast<double>(work.generated());
  state.counters["trained"] = static_cast<double>(work.trained());
  state.SetLabel(shape.name);
}
BENCHMARK(Step)
    ->ArgNames({"shape", "work", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 2}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace r1zero
