// The policy that reinforcement learning starts from: loaded from a folder, or pretrained on the task's
// texts and kept in a cache by the hash of everything it depends on.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "grpo/pretrain.h"
#include "policy/weights.h"
#include "services/run_plan.h"

namespace r1zero {

struct BasePolicy {
  std::shared_ptr<const Weights> weights;
  int64_t pretrain_tokens = 0;
  double pretrain_seconds = 0;  // of the run that trained it
  bool cached = false;
  bool ready = true;  // passed the readiness gate; true for a loaded policy
  std::vector<std::pair<std::string, double>> probes;
};

// Takes the base from the cache, or pretrains it and puts it there. Error if pretraining ends without
// passing the readiness gate: reinforcement learning does not start from there
// (docs/tasks.md has the gate).
BasePolicy LoadOrPretrainBase(const RunPlan& plan,
                              const std::function<void(const PretrainProgress&)>& progress);

}  // namespace r1zero
