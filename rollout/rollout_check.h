// Whether workers can serve a run at all: asked by the learner before it starts one.
#pragma once

#include <cstdint>

#include "kernels/bfloat16.h"
#include "policy/model_config.h"
#include "rollout/rollout_config.h"

namespace r1zero {

// The largest leases that a run will give out.
struct RolloutDemand {
  int64_t group_size = 0;    // of training
  int64_t eval_samples = 0;  // of an evaluation, the most of one prompt; 0: no evaluation
  int64_t max_total_tokens = 0;
  int64_t longest_prompt_tokens = 1;
  kernels::Storage storage = kernels::Storage::kFloat32;
};

// Of keys and values, all layers, in so many blocks: kernels::KvBlockSize elements each, which counts
// the columns that pad values to a multiple of 16.
double KvCacheBytes(const ModelConfig& policy, int64_t num_blocks, kernels::Storage storage);

// Error, one sentence that names the keys to change, if an engine of `config` could not take every
// such lease or could not be made.
void CheckRollout(const EngineConfig& config, const ModelConfig& policy,
                  const RolloutDemand& demand);

}  // namespace r1zero
