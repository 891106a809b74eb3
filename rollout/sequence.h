// What an engine works on: groups under way, and their sequences.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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
};

}  // namespace r1zero
