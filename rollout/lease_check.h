// What a lease asks of an engine, and whether the engine can ever give it.
#pragma once

#include <cstdint>

#include "policy/model_config.h"
#include "rollout/group.h"

namespace r1zero {

int64_t BlocksFor(int64_t positions);  // KV blocks that hold so many tokens

// KV blocks of one sequence at full length: the least that an engine can do with. The last token is
// sampled but never run, so it needs no place.
inline int64_t LeastKvBlocks(int64_t max_total_tokens) { return BlocksFor(max_total_tokens - 1); }

struct EngineLimits {
  const ModelConfig& policy;
  int64_t policy_version = -1;
  int64_t max_sequences = 0;
  int64_t num_blocks = 0;
  bool has_token_texts = false;
};

// Error naming the prompt and the rule, if the engine must not take the lease.
void CheckLease(const Lease& lease, const EngineLimits& limits);

}  // namespace r1zero
