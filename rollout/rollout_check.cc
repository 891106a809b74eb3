#include "rollout/rollout_check.h"

#include <algorithm>
#include <string>

#include "common/error.h"
#include "kernels/attention.h"
#include "policy/packed_weights.h"
#include "rollout/engine.h"
#include "rollout/lease_check.h"

namespace r1zero {
namespace {

// No machine of one worker has more.
constexpr double kMostBytes = 1e12;

void CheckLengths(const ModelConfig& policy, const RolloutDemand& demand) {
  Require(demand.max_total_tokens <= policy.max_positions, "rollout.max_total_tokens is ",
          demand.max_total_tokens, ", but the policy's max_positions is ", policy.max_positions,
          "; lower rollout.max_total_tokens, or raise policy.max_positions of a new policy");
  Require(demand.longest_prompt_tokens < demand.max_total_tokens, "a prompt has ",
          demand.longest_prompt_tokens, " tokens, but rollout.max_total_tokens is ",
          demand.max_total_tokens,
          ", which leaves no room for a completion; raise rollout.max_total_tokens (and the "
          "policy's max_positions), or leave the prompt out");
}

void CheckGroup(const std::string& key, int64_t samples, const EngineConfig& config) {
  Require(samples <= config.max_sequences, key, " is ", samples, ", but rollout.max_sequences is ",
          config.max_sequences,
          ", and a worker decodes a whole group together; raise rollout.max_sequences to at least ",
          samples);
}

// What does not fit at once is pre-empted and run again later; one sequence must fit.
void CheckBlocks(const EngineConfig& config, const RolloutDemand& demand) {
  const int64_t blocks = NumKvBlocks(config, demand.max_total_tokens);
  const int64_t needed = LeastKvBlocks(demand.max_total_tokens);
  Require(needed <= blocks, "rollout.kv_blocks is ", blocks,
          ", but one completion of rollout.max_total_tokens ", demand.max_total_tokens, " needs ",
          needed, " blocks of ", kernels::kKvBlockTokens,
          " tokens; raise rollout.kv_blocks to at least ", needed,
          " (0: enough), or lower rollout.max_total_tokens");
}

void CheckMemory(const EngineConfig& config, const ModelConfig& policy,
                 const RolloutDemand& demand) {
  const int64_t blocks = NumKvBlocks(config, demand.max_total_tokens);
  const double bytes = KvCacheBytes(policy, blocks, demand.storage);
  Require(blocks <= kMaxKvBlocks && bytes <= kMostBytes, "a worker's ", blocks,
          " KV blocks would take ", bytes / 1e9, " GB, at most ", kMaxKvBlocks, " blocks and ",
          kMostBytes / 1e9, " GB are possible; ",
          config.kv_blocks > 0 ? "lower rollout.kv_blocks"
                               : "lower rollout.max_sequences or rollout.max_total_tokens, or set "
                                 "rollout.kv_blocks");
}

}  // namespace

double KvCacheBytes(const ModelConfig& policy, int64_t num_blocks, kernels::Storage storage) {
  const auto block = static_cast<double>(kernels::KvBlockSize(AttentionShapeOf(policy)));
  return kernels::BytesOf(storage) * static_cast<double>(policy.num_layers) * block *
         static_cast<double>(num_blocks);
}

void CheckRollout(const EngineConfig& config, const ModelConfig& policy,
                  const RolloutDemand& demand) {
  CheckLengths(policy, demand);
  CheckMemory(config, policy, demand);
  CheckBlocks(config, demand);
  CheckGroup("grpo.group_size", demand.group_size, config);
  if (demand.eval_samples > 0) CheckGroup("eval.samples", demand.eval_samples, config);
}

}  // namespace r1zero
