// One run as the learner sees it: configuration in, trained policy and run folder out.
//
// Composed here, driven by whoever serves the workers: learner_main (gRPC) or in_process (threads). The
// sockets can open as soon as it is constructed; workers wait for leases while the base is pretrained.
#pragma once

#include <memory>
#include <string>

#include "grpo/group_buffer.h"
#include "grpo/learner.h"
#include "grpo/run_folder.h"
#include "grpo/trainer.h"
#include "policy/weight_store.h"
#include "services/base_policy.h"
#include "services/console.h"
#include "services/run_plan.h"

namespace r1zero {

class LearnerRun {
 public:
  // Error if `resume` finds a checkpoint of another configuration and `accept_config_change` is not
  // set; the folder stays as it was then.
  LearnerRun(RunPlan plan, RunFolder& folder, bool resume, bool accept_config_change);

  // The base policy, then GRPO, then summary.json and report.html. Errors after this are failures of the
  // run, not of its configuration.
  TrainerOutcome Execute(Console& console);

  const RunConfig& config() const { return plan_.config; }
  const PolicyShape& shape() const { return plan_.shape; }
  const RewardConfig& rubric() const { return plan_.rubric; }
  const std::string& run_id() const { return run_id_; }
  int64_t epoch() const { return epoch_; }  // one more at each start of a learner on this folder
  GroupBuffer& buffer() { return *buffer_; }
  WeightStore& weights() { return weights_; }

 private:
  Prompt MakePrompt(PromptUse use, int64_t ordinal, const Problem& problem) const;
  LearnerOptions MakeLearnerOptions() const;
  TrainerConfig MakeTrainerConfig() const;
  Summary StartSummary(const BasePolicy& base) const;
  void CheckResumable() const;
  void Show(const TrainerEvent& event, Console& console) const;
  void WriteResults(const Summary& summary, Console& console) const;

  RunPlan plan_;
  RunFolder& folder_;
  bool resume_;
  bool accept_config_change_;
  std::string training_sha256_;  // of the configuration
  std::string run_id_;
  int64_t epoch_ = 0;
  std::unique_ptr<GroupBuffer> buffer_;
  WeightStore weights_;
};

}  // namespace r1zero
