// A run as it is known before anything of it is written: everything that can be wrong with it and
// needs no training to find out is found here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "policy/model_config.h"
#include "policy/tokenizer.h"
#include "services/run_config.h"
#include "tasks/task.h"

namespace r1zero {

// What the policy reads and writes, and its shape, known before it is trained.
struct PolicyShape {
  ModelConfig model;
  std::shared_ptr<const Tokenizer> tokenizer;
};

struct RunPlan {
  RunConfig config;
  std::shared_ptr<const Task> task;
  PolicyShape shape;
  RewardConfig rubric;                // with the task's own verifier filled in
  int64_t longest_prompt_tokens = 1;  // of the problems looked at
};

enum class Workers { kHere, kElsewhere };  // whether they share this machine's memory

// Reads the configuration and checks it against the task's rows, the policy's folder, the rules and
// the workers' limits. Error; nothing is written.
RunPlan PlanRun(const std::string& file, const std::vector<std::string>& overrides,
                Workers workers = Workers::kElsewhere);

}  // namespace r1zero
