#include "grpo/packed_batch.h"

#include <algorithm>
#include <span>
#include <utility>

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

void AppendKept(const TrainingSequence& sequence, const SampledFrom& from,
                RowDistributions& distributions) {
  const KeptSets& kept = sequence.completion->kept;
  try {
    for (kernels::TokenSet& set : Unpack(kept, from.vocab_size))
      distributions.kept_R.push_back(std::move(set));
  } catch (const Error& error) {
    Fail("prompt ", sequence.prompt->ordinal, ": ", error.what());
  }
}

// Before the completion's first token that is the prompt, before the next one token more.
void AppendSeen(const TrainingSequence& sequence, const SampledFrom& from,
                RowDistributions& distributions) {
  kernels::TokenSet seen(from.vocab_size);
  for (const int32_t token : sequence.prompt->tokens) seen.Add(token);
  for (const int32_t token : sequence.completion->tokens) {
    distributions.seen_R.push_back(seen);
    seen.Add(token);
  }
}

// Null if all rows are plain softmaxes.
std::shared_ptr<const RowDistributions> DistributionsOf(std::span<const TrainingSequence> sequences,
                                                        const SampledFrom& from) {
  RowDistributions distributions{.repetition_penalty = from.repetition_penalty};
  size_t rows = 0;
  for (const TrainingSequence& sequence : sequences) {
    rows += sequence.completion->tokens.size();
    AppendKept(sequence, from, distributions);
    if (from.repetition_penalty != 1) AppendSeen(sequence, from, distributions);
    Require(distributions.kept_R.empty() || distributions.kept_R.size() == rows, "prompt ",
            sequence.prompt->ordinal, ": a completion of ", sequence.completion->tokens.size(),
            " tokens with ", sequence.completion->kept.lengths_T.size(),
            " kept sets, expected one a token of every completion, or none");
  }
  if (distributions.kept_R.empty() && distributions.seen_R.empty()) return nullptr;
  return std::make_shared<RowDistributions>(std::move(distributions));
}

}  // namespace

PackedBatch PackSequences(const MicroBatch& micro_batch, const SampledFrom& from) {
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
  batch.rows.distributions = DistributionsOf(micro_batch.sequences, from);
  return batch;
}

}  // namespace r1zero
