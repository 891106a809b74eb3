// What an engine works on: groups under way, and their sequences.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernels/sampler.h"
#include "rollout/group.h"
#include "rollout/stop_matcher.h"

namespace r1zero {

// A group that has been admitted.
struct RunningGroup {
  Group group;
  SamplingParams sampling;
  StopMatcher stop;        // of sampling.stop
  int64_t unfinished = 0;  // completions

  int64_t prompt_size() const { return static_cast<int64_t>(group.prompt.tokens.size()); }
};

// What a token is sampled under, apart from its lease.
struct SampledUnder {
  int64_t policy_version = -1;
  std::vector<int32_t> eos_tokens = {1};  // each ends a completion
  std::vector<std::string> token_texts;   // none: completions get no text, and have no stop strings
};

// A prompt on its way through the model for the whole group, and then each of its completions.
struct Sequence {
  static constexpr int32_t kPrompt = -1;

  RunningGroup* group = nullptr;
  int32_t sample = kPrompt;
  int64_t tokens_run = 0;       // of prompt and completion: their keys and values are in `blocks`
  std::vector<int32_t> blocks;  // none while pre-empted
  int64_t logits_row = -1;      // of this step: what its next token is sampled from; -1: none
  StopMatcher::State stop_state;
  bool is_finished = false;

  bool is_prompt() const { return sample == kPrompt; }
  Completion& completion() const { return group->group.completions[sample]; }
  int64_t num_tokens() const {
    const int64_t sampled = is_prompt() ? 0 : static_cast<int64_t>(completion().tokens.size());
    return group->prompt_size() + sampled;
  }
  // Only the token that was sampled last has not been run.
  bool is_decoding() const { return !is_prompt() && tokens_run + 1 == num_tokens(); }

  // The tokens to run next, as far as they lie together in memory: what is missing of the prompt,
  // then of the completion.
  std::span<const int32_t> NextTokens() const {
    const int64_t of_completion = tokens_run - group->prompt_size();
    if (of_completion < 0) return std::span(group->group.prompt.tokens).subspan(tokens_run);
    return std::span(completion().tokens).subspan(of_completion);
  }

  // Takes the next token, records what it was sampled under, and finishes the completion if the
  // token is the end token, completes a stop string or is the last that there is room for.
  void Append(const kernels::SampledToken& sampled, const SampledUnder& under);

 private:
  void Finish(FinishReason reason, const SampledUnder& under, size_t bytes_beyond_text = 0);
  std::optional<size_t> BytesBeyondStop(const SampledUnder& under);
};

}  // namespace r1zero
