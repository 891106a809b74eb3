// Prompts with several continuations, and how they are packed: the prompt once, whole or cut apart.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "tests/policy/packed_examples.h"

namespace r1zero {

// Three prompts with continuations of unlike lengths (one of a single token, which is a target only),
// and one by itself; prompts of 5, 16 and 21 tokens, so that a KV block is shared in part, whole, both.
struct PromptAndContinuations {
  std::vector<int32_t> prompt;
  std::vector<std::vector<int32_t>> continuations;
};
inline std::vector<PromptAndContinuations> SharedPrompts() {
  std::vector<PromptAndContinuations> prompts;
  uint64_t seed = 50;
  for (const auto& [prompt_length, lengths] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
           {5, {9, 1, 17}}, {16, {4, 30, 2, 8}}, {21, {12}}}) {
    prompts.push_back({RandomSequence(prompt_length, seed++), {}});
    for (const int64_t length : lengths)
      prompts.back().continuations.push_back(RandomSequence(length, seed++));
  }
  return prompts;
}

// Prompt and continuation as sequences of their own, one for each continuation.
inline std::vector<std::vector<int32_t>> Whole(const std::vector<PromptAndContinuations>& prompts) {
  std::vector<std::vector<int32_t>> sequences;
  for (const auto& p : prompts)
    for (const auto& continuation : p.continuations) {
      sequences.push_back(p.prompt);
      sequences.back().insert(sequences.back().end(), continuation.begin(), continuation.end());
    }
  return sequences;
}

// Continuations [begin, end) of one prompt, which is run once. Every token of a continuation is a
// target.
inline void AppendShared(const PromptAndContinuations& p, size_t begin, size_t end,
                         PackedExample& example) {
  auto prompt_end = example.tokens.num_tokens() + static_cast<int64_t>(p.prompt.size());
  for (size_t i = begin; i < end; ++i)
    prompt_end += static_cast<int64_t>(p.continuations[i].size()) - 1;
  for (size_t i = begin; i < end; ++i) {
    const std::span<const int32_t> tokens = p.continuations[i];
    const int64_t first = example.tokens.num_tokens();
    for (size_t t = 0; t < tokens.size(); ++t) {
      example.rows.hidden_rows_R.push_back(t == 0 ? prompt_end - 1
                                                  : first + static_cast<int64_t>(t) - 1);
      example.rows.targets_R.push_back(tokens[t]);
    }
    if (tokens.size() > 1)
      example.tokens.AppendContinuation(tokens.first(tokens.size() - 1),
                                        static_cast<int64_t>(p.prompt.size()));
  }
  example.tokens.Append(p.prompt);
}

inline PackedExample PackShared(const std::vector<PromptAndContinuations>& prompts) {
  PackedExample example;
  for (const auto& p : prompts) AppendShared(p, 0, p.continuations.size(), example);
  return example;
}

// The same in passes of at most `continuations` each, which cut prompts apart.
inline std::vector<PackedExample> PackSharedInPasses(
    const std::vector<PromptAndContinuations>& prompts, size_t continuations) {
  std::vector<PackedExample> passes(1);
  size_t room = continuations;
  for (const auto& p : prompts)
    for (size_t i = 0, end = 0; i < p.continuations.size(); i = end) {
      if (room == 0) {
        passes.back().tokens.continues_behind = i > 0;
        passes.emplace_back().tokens.continues_before = i > 0;
        room = continuations;
      }
      end = std::min(p.continuations.size(), i + room);
      room -= end - i;
      AppendShared(p, i, end, passes.back());
    }
  return passes;
}

}  // namespace r1zero
