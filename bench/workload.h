// The work that is compared: prompts of random tokens, groups of completions of planned lengths, and
// engines that roll them out, one a thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "bench/planned_decoder.h"
#include "policy/weights.h"
#include "rollout/engine.h"

namespace r1zero::bench {

struct Workload {
  int64_t prompts = 16, group_size = 8;
  int64_t prompt_tokens = 64,
          completion_tokens = 64;                  // of each; the most where lengths are planned
  std::vector<std::vector<int64_t>> lengths = {};  // [prompts][group_size]; empty: all the same

  int64_t max_total_tokens() const { return prompt_tokens + completion_tokens; }
  int64_t generated() const;  // tokens
  int64_t trained() const;    // tokens: prompts once a completion
};

// 16 prompts x 8, 64 + 64 tokens.
Workload ShapeS1();
// 16 prompts x 16, prompt 256, completions of the recorded long-tailed lengths of
// bench/data/s2_lengths.json (R1ZERO_BENCH_DATA names another folder).
Workload ShapeS2();

std::vector<int32_t> RandomTokens(const ModelConfig& policy, uint64_t stream, int64_t n);
// Prompt `ordinal`, to be sampled under `version`. Its first token is 2 + ordinal % prompts.
Lease LeaseOf(const Workload& work, const ModelConfig& policy, int64_t ordinal, int64_t version);

// As many engines as threads; each has its share of the prompts.
class Rollout {
 public:
  Rollout(const ModelConfig& policy, const Workload& work, int threads,
          int64_t max_prefill_tokens = 1024);
  void SetWeights(const std::shared_ptr<const Weights>& weights);
  // The prompts with these ordinals up, rolled out to the end; groups in ordinal order.
  std::vector<Group> Run(int64_t first_ordinal);

 private:
  std::vector<Group> RunEngine(size_t engine, int64_t first_ordinal);

  ModelConfig policy_;
  Workload work_;
  std::vector<std::unique_ptr<Engine>> engines_;
};

}  // namespace r1zero::bench
