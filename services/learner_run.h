// One run as the learner sees it: configuration in, trained policy and run folder out.
//
// Composed here, driven by whoever serves the workers: learner_main (gRPC) or in_process (threads). The
// sockets can open as soon as it is constructed; workers wait for leases while the base is pretrained.
#pragma once

#include <memory>
#include <string>

#include "grpo/group_buffer.h"
#include "grpo/run_folder.h"
#include "grpo/trainer.h"
#include "policy/weight_store.h"
#include "services/base_policy.h"
#include "services/console.h"
#include "services/run_config.h"
#include "tasks/task.h"

namespace r1zero {

class LearnerRun {
 public:
  // Checks everything that can be checked before work starts; throws Error.
  // With `accept_config_change` a checkpoint of another configuration may be resumed.
  LearnerRun(RunConfig config, RunFolder& folder, bool resume, bool accept_config_change);

  // The base policy, then GRPO, then summary.json and report.html. Errors after this are failures of the
  // run, not of its configuration.
  TrainerOutcome Execute(Console& console);

  const RunConfig& config() const { return config_; }
  const PolicyShape& shape() const { return shape_; }
  RewardConfig rubric() const;  // with the task's own verifier filled in
  const std::string& run_id() const { return run_id_; }
  int64_t epoch() const { return epoch_; }  // one more at each start of a learner on this folder
  GroupBuffer& buffer() { return *buffer_; }
  WeightStore& weights() { return weights_; }

 private:
  Prompt MakePrompt(PromptUse use, int64_t ordinal, const Problem& problem) const;
  TrainerConfig MakeTrainerConfig() const;
  Summary StartSummary(const BasePolicy& base) const;
  void WriteResults(const Summary& summary, Console& console) const;

  RunConfig config_;
  RunFolder& folder_;
  bool resume_;
  bool accept_config_change_;
  std::string run_id_;
  int64_t epoch_ = 0;
  std::unique_ptr<Task> task_;
  PolicyShape shape_;
  std::unique_ptr<GroupBuffer> buffer_;
  WeightStore weights_;
};

}  // namespace r1zero
