#include "grpo/packed_batch.h"

#include <algorithm>
#include <span>

#include "common/error.h"

namespace r1zero {
namespace {

using Sequences = std::span<const TrainingSequence>;

void CheckSequence(const TrainingSequence& sequence) {
  const std::vector<int32_t>& prompt = sequence.prompt->tokens;
  const Completion& completion = *sequence.completion;
  const size_t length = completion.tokens.size();
  Require(!prompt.empty() && length > 0 && completion.logprobs.size() == length, "prompt ",
          sequence.prompt->ordinal, ": a completion of ", length, " tokens with ",
          completion.logprobs.size(), " log-probabilities after a prompt of ", prompt.size(),
          " tokens, expected one a token, and neither empty");
}

// The rows of one completion: the first reads the prompt's last token, the others its own tokens.
void AppendRows(const TrainingSequence& sequence, int64_t prompt_end, PackedBatch& batch) {
  const Completion& completion = *sequence.completion;
  const int64_t begin = batch.tokens.num_tokens();
  for (size_t t = 0; t < completion.tokens.size(); ++t) {
    batch.rows.hidden_rows_R.push_back(t == 0 ? prompt_end - 1
                                              : begin + static_cast<int64_t>(t) - 1);
    batch.rows.targets_R.push_back(completion.tokens[t]);
    batch.old_logprobs_N.push_back(completion.logprobs[t]);
  }
  batch.advantages_N.resize(batch.old_logprobs_N.size(), sequence.advantage);
  batch.weights_N.resize(batch.old_logprobs_N.size(), sequence.token_weight);
}

// Completions of one prompt, then the prompt.
void AppendGroup(Sequences group, PackedBatch& batch) {
  const std::vector<int32_t>& prompt = group.front().prompt->tokens;
  const auto prompt_tokens = static_cast<int64_t>(prompt.size());
  int64_t prompt_end = batch.tokens.num_tokens() + prompt_tokens;
  for (const TrainingSequence& sequence : group) {
    CheckSequence(sequence);
    prompt_end += sequence.own_tokens();
  }
  for (const TrainingSequence& sequence : group) {
    AppendRows(sequence, prompt_end, batch);
    if (sequence.own_tokens() == 0) continue;
    batch.tokens.AppendContinuation(
        std::span(sequence.completion->tokens).first(sequence.own_tokens()), prompt_tokens);
  }
  batch.tokens.Append(prompt);
}

}  // namespace

PackedBatch PackSequences(const MicroBatch& micro_batch) {
  PackedBatch batch;
  batch.tokens.continues_before = micro_batch.continues_before;
  batch.tokens.continues_behind = micro_batch.continues_behind;
  for (Sequences left = micro_batch.sequences; !left.empty();) {
    const auto next = std::ranges::find_if(
        left, [&](const TrainingSequence& s) { return s.prompt != left.front().prompt; });
    const auto count = static_cast<size_t>(next - left.begin());
    AppendGroup(left.first(count), batch);
    left = left.subspan(count);
  }
  return batch;
}

}  // namespace r1zero
