// [rollout] and what an engine needs of it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.h"

namespace r1zero {

inline constexpr int64_t kMaxKvBlocks = 1 << 24;

struct EngineConfig {
  int64_t max_sequences = 256;        // decoded together
  int64_t max_prefill_tokens = 1024;  // prompt tokens run in one step
  int64_t kv_blocks = 0;              // 16 tokens each; 0: max_sequences at full length
};

struct RolloutConfig {
  int workers = 0;  // worker processes; 0: one a core
  double temperature = 1.0;
  int64_t top_k = 0;                // 0: off
  double top_p = 1.0;               // 1: off
  double min_p = 0.0;               // 0: off
  double repetition_penalty = 1.0;  // 1: off
  int64_t max_total_tokens = 128;   // prompt and completion together
  std::vector<std::string> stop;
  int64_t max_prompts_per_lease = 64;
  double lease_seconds = 10;  // a lease not renewed for this long is given to another worker
  EngineConfig engine;
};
void Describe(Fields& f, RolloutConfig& c);

// What no single field's bounds say. Error naming the key.
void Check(const RolloutConfig& c);

}  // namespace r1zero
