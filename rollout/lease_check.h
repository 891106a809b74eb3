// What a lease asks of an engine, and whether the engine can ever give it.
#pragma once

#include <cstdint>

#include "policy/model_config.h"
#include "rollout/group.h"

namespace r1zero {

int64_t BlocksFor(int64_t positions);  // KV blocks that hold so many tokens

// The most KV blocks that a group can come to use.
struct BlockNeed {
  int64_t shared = 0;      // filled by the prompt, one copy for the group
  int64_t per_sample = 0;  // from the prompt's partly filled block on, for each completion
  int64_t Total(int64_t group_size) const { return shared + group_size * per_sample; }
};
BlockNeed NeedOf(int64_t prompt_tokens, int64_t max_total_tokens);
BlockNeed NeedOf(const Lease& lease);

struct EngineLimits {
  const ModelConfig& policy;
  int64_t policy_version = -1;
  int64_t max_sequences = 0;
  int64_t num_blocks = 0;
};

// Error naming the prompt and the rule, if the engine must not take the lease.
void CheckLease(const Lease& lease, const EngineLimits& limits);

}  // namespace r1zero
