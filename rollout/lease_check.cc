#include "rollout/lease_check.h"

#include <cmath>

#include "common/error.h"
#include "kernels/attention.h"
#include "rollout/stop_matcher.h"

namespace r1zero {
namespace {

void CheckSampling(const SamplingParams& p, const std::string& where) {
  Require(p.group_size >= 1, where, "group_size is ", p.group_size, ", expected at least 1");
  Require(std::isfinite(p.temperature) && p.temperature >= 0, where, "temperature is ",
          p.temperature, ", expected 0 (greedy) or a number above it");
  Require(p.top_k >= 0, where, "top_k is ", p.top_k, ", expected 0 (off) or more");
  Require(p.top_p > 0 && p.top_p <= 1, where, "top_p is ", p.top_p,
          ", expected a number in (0, 1]");
  Require(p.min_p >= 0 && p.min_p < 1, where, "min_p is ", p.min_p,
          ", expected a number in [0, 1)");
  Require(std::isfinite(p.repetition_penalty) && p.repetition_penalty > 0, where,
          "repetition_penalty is ", p.repetition_penalty, ", expected a number above 0 (1: off)");
  Require(p.repetition_penalty == 1 || p.temperature > 0, where, "repetition_penalty is ",
          p.repetition_penalty, " at temperature 0, expected 1: greedy sampling knows no penalty");
}

void CheckStop(const std::vector<std::string>& stop, const EngineLimits& limits,
               const std::string& where) {
  CheckStopStrings(stop, where + "stop");
  Require(stop.empty() || limits.has_token_texts, where, "it has ", stop.size(),
          " stop strings, but the engine does not know the texts of its tokens (SetTokenTexts)");
}

void CheckPrompt(const Prompt& prompt, int64_t vocab_size, const std::string& where) {
  Require(!prompt.tokens.empty(), where, "it is empty");
  for (const int32_t token : prompt.tokens)
    Require(token >= 0 && token < vocab_size, where, "token ", token,
            " is not in the vocabulary of ", vocab_size);
}

void CheckRoom(const Lease& lease, const EngineLimits& limits, const std::string& where) {
  const auto prompt_tokens = static_cast<int64_t>(lease.prompt.tokens.size());
  const int64_t max_total_tokens = lease.sampling.max_total_tokens;
  const int64_t group_size = lease.sampling.group_size;
  Require(prompt_tokens < max_total_tokens, where, prompt_tokens,
          " tokens leave no room for a completion within max_total_tokens ", max_total_tokens);
  Require(max_total_tokens <= limits.policy.max_positions, where, "max_total_tokens ",
          max_total_tokens, " is beyond the policy's context of ", limits.policy.max_positions);
  Require(group_size <= limits.max_sequences, where, "a group of ", group_size,
          " does not fit in max_sequences ", limits.max_sequences);
  const int64_t needed = LeastKvBlocks(max_total_tokens);
  Require(needed <= limits.num_blocks, where, "one sequence of max_total_tokens ", max_total_tokens,
          " needs ", needed, " KV blocks, there are ", limits.num_blocks,
          "; raise rollout.kv_blocks (0: enough), or lower max_total_tokens");
}

}  // namespace

int64_t BlocksFor(int64_t positions) {
  return (positions + kernels::kKvBlockTokens - 1) / kernels::kKvBlockTokens;
}

void CheckLease(const Lease& lease, const EngineLimits& limits) {
  const std::string where = "prompt " + std::to_string(lease.prompt.ordinal) + ": ";
  CheckSampling(lease.sampling, where);
  CheckStop(lease.sampling.stop, limits, where);
  Require(lease.policy_version <= limits.policy_version, where, "it wants weights of version ",
          lease.policy_version, ", the engine has ", limits.policy_version);
  CheckPrompt(lease.prompt, limits.policy.vocab_size, where);
  CheckRoom(lease, limits, where);
}

}  // namespace r1zero
