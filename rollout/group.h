// What travels around the ring: a prompt out, a group of completions back.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rollout/kept_sets.h"

namespace r1zero {

// Ordinals of training prompts and of the prompts of one evaluation are counted apart.
enum class PromptUse : int32_t { kTraining = 0, kEvaluation = 1 };

struct Prompt {
  PromptUse use = PromptUse::kTraining;
  int64_t ordinal = 0;
  std::string text;
  std::string gold;  // read by the verifiers only
  std::vector<int32_t> tokens;
};

// What stands for the prompt in SampleUniform: evaluation and training never share a random number.
inline uint64_t SamplingOrdinal(const Prompt& prompt) {
  const uint64_t use = prompt.use == PromptUse::kEvaluation ? uint64_t{1} << 63 : 0;
  return use | static_cast<uint64_t>(prompt.ordinal);
}

struct SamplingParams {
  int32_t group_size = 16;         // completions of one prompt
  float temperature = 1.0f;        // 0: greedy, the likeliest token (the lowest id of equals)
  int32_t top_k = 0;               // 0: off
  float top_p = 1.0f;              // 1: off
  float min_p = 0.0f;              // 0: off
  int32_t max_total_tokens = 128;  // prompt and completion together
  std::vector<std::string> stop;   // texts that end a completion (rollout/stop_matcher.h)
  uint64_t seed = 0;               // with ordinal, sample and position it decides every token
  // 1: off. Tokens of the prompt and of the completion so far are made less likely if above 1
  // (kernels/distribution.h).
  float repetition_penalty = 1.0f;
};

// Whether some token may be left out: completions then carry what was kept.
inline bool Truncates(const SamplingParams& p) {
  return p.temperature > 0 && (p.top_k > 0 || p.top_p < 1 || p.min_p > 0);
}

// One prompt to roll out, on loan from the learner.
struct Lease {
  uint64_t id = 0;
  int64_t policy_version = 0;  // the weights to sample under
  Prompt prompt;
  SamplingParams sampling;
};

// The end token, the length limit, or one of SamplingParams::stop.
enum class FinishReason : int32_t { kStop = 0, kLength = 1, kStopString = 2 };

struct NamedReward {
  std::string name;
  double weight = 1;
  double score = 0;
  bool undecided = false;
  std::string reason;
  std::string extracted;  // the answer that was read, in normal form; empty: none
};

// From this token of the completion on, up to the next span, the policy was of this version.
struct VersionSpan {
  int64_t first_token = 0;
  int64_t policy_version = 0;
  bool operator==(const VersionSpan&) const = default;
};

struct Completion {
  std::vector<int32_t> tokens;  // ends with the end token iff finish_reason is kStop
  std::vector<float> logprobs;  // of each token, under the distribution that sampled it; greedy: 0
  std::vector<VersionSpan> versions;  // ascending, the first one from token 0
  FinishReason finish_reason = FinishReason::kStop;
  // Decoded, valid UTF-8, without the end token; ends with the stop string that ended it.
  std::string text;
  double reward = 0;
  bool undecided = false;  // some rule could not judge it
  std::vector<NamedReward> parts;
  KeptSets kept;  // of each token, if its lease truncates; else empty
};

// All completions of one prompt: the unit that GRPO compares within.
struct Group {
  uint64_t lease_id = 0;
  int64_t policy_version = 0;  // of the weights that sampled its oldest token
  Prompt prompt;
  std::vector<Completion> completions;  // in sample order
  // What it took to sample. Unlike all the rest this depends on what ran beside it, and on the KV
  // budget.
  int64_t preemptions = 0;       // of its sequences
  int64_t tokens_prefilled = 0;  // of its prompt, and of sequences that were run again
};

}  // namespace r1zero
