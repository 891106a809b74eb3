// The state of a training run between the lines of Train(): progress, log, checkpoints,
// evaluations.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "grpo/metrics_log.h"
#include "grpo/trainer.h"

namespace r1zero {

// Not thread-safe. Workers hear that the run is over when it is destroyed.
class TrainingRun {
 public:
  TrainingRun(const TrainerConfig& config, TrainerParts parts, Summary& summary);

  // Publishes the policy to start from: the base, or with `resume` that of the newest checkpoint.
  void Start(bool resume);
  int64_t step() const { return progress_.step; }  // rollouts trained
  Learner& learner() { return parts_.learner; }

  // Before the first step, after the last one, and every eval.every in between, once. False: asked
  // to stop.
  bool EvaluateIfDue();
  // The groups of the next prompts under the newest policy, without those that could not be judged.
  // nullopt: asked to stop.
  std::optional<std::vector<Group>> RollOut();
  // The learner's weights become the newest policy. Ends the step.
  void Publish();
  // Writes the step's line, and remembers the groups for groups.jsonl.
  void Record(const std::vector<Group>& groups, std::span<const float> advantages,
              const UpdateMetrics& update);
  void CheckpointIfDue();
  // Saves what is not saved yet and fills the summary.
  TrainerOutcome End();

 private:
  using Clock = std::chrono::steady_clock;
  static double SecondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  }

  void Resume(const Checkpoint& checkpoint);
  void ShowResumed() const;
  std::optional<std::vector<Group>> Collect(std::vector<Prompt> prompts,
                                            const SamplingParams& sampling);
  std::vector<Group> DropUndecided(std::vector<Group> groups);
  void TellIfNoneHasSignal(std::span<const float> advantages);
  std::optional<Evaluation> EvaluateAt(double temperature, int64_t samples,
                                       std::vector<Group>* groups);
  bool EvaluateAll(std::vector<Evaluation>& evaluations, std::vector<Group>& first_groups);
  bool EvaluateBase();
  bool EvaluateFinal();
  bool EvaluateBetween();
  void LogEvaluations(std::span<const Evaluation> evaluations);
  void ReadBase();
  void WriteBase() const;
  void Save();
  void Show(TrainerEvent event) const;

  struct RunOver {
    GroupBuffer& buffer;
    ~RunOver() { buffer.Finish(); }
  };

  RunOver run_over_;  // first: workers hear of it even if the constructor throws
  TrainerConfig config_;
  TrainerParts parts_;
  Summary& summary_;
  TrainerProgress progress_;
  std::vector<double> temperatures_;
  std::optional<MetricsLog> log_;

  // Of the current step.
  Clock::time_point step_started_;
  double rollout_seconds_ = 0;
  GroupTimes longest_;
  double publish_seconds_ = 0;
  double log_seconds_ = 0;  // of the line before
  Clock::time_point update_started_;
  Metrics rollout_metrics_;
  int64_t groups_dropped_ = 0;

  std::vector<Group> last_groups_;
  std::vector<float> last_advantages_;
  int64_t saved_step_ = 0;
  int64_t steps_without_signal_ = 0;  // in a row
  bool finished_ = false;
  Clock::time_point session_started_;
  int64_t session_first_step_ = 0;
};

}  // namespace r1zero
