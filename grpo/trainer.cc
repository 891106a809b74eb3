#include "grpo/trainer.h"

#include "common/error.h"
#include "common/log.h"
#include "grpo/advantage.h"
#include "grpo/training_run.h"

namespace r1zero {
namespace {

std::vector<double> Rewards(std::span<const Group> groups) {
  std::vector<double> rewards;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions) rewards.push_back(completion.reward);
  return rewards;
}

}  // namespace

TrainerOutcome Train(const TrainerConfig& config, TrainerParts parts, bool resume,
                     Summary& summary) {
  const GrpoConfig& grpo = config.grpo;
  TrainingRun run(config, std::move(parts), summary);
  const AdvantageStd std = ParseAdvantageStd(grpo.advantage_std);
  run.Start(resume);

  while (run.EvaluateIfDue() && run.step() < grpo.steps) {
    const std::optional<std::vector<Group>> groups = run.RollOut();
    if (!groups) break;
    const std::vector<float> advantages =
        Advantages(Rewards(*groups), grpo.group_size, std, grpo.advantage_eps);
    const UpdateMetrics update = run.learner().Update(run.step(), *groups, advantages);
    run.Publish();
    run.Record(*groups, advantages, update);
    run.CheckpointIfDue();
  }
  return run.End();
}

}  // namespace r1zero
