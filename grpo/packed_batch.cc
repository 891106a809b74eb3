#include "grpo/packed_batch.h"

#include <utility>

#include "common/error.h"

namespace r1zero {
namespace {

void Append(const TrainingSequence& sequence, PackedBatch& batch) {
  const std::vector<int32_t>& prompt = sequence.prompt->tokens;
  const Completion& completion = *sequence.completion;
  const size_t length = completion.tokens.size();
  Require(!prompt.empty() && length > 0 && completion.logprobs.size() == length, "prompt ",
          sequence.prompt->ordinal, ": a completion of ", length, " tokens with ",
          completion.logprobs.size(), " log-probabilities after a prompt of ", prompt.size(),
          " tokens, expected one a token, and neither empty");
  const auto first_row = static_cast<int64_t>(batch.tokens.tokens_N.size() + prompt.size()) - 1;
  std::vector<int32_t> tokens = prompt;
  tokens.insert(tokens.end(), completion.tokens.begin(), completion.tokens.end() - 1);
  batch.tokens.Append(tokens);
  for (size_t t = 0; t < length; ++t) {
    batch.rows.hidden_rows_R.push_back(first_row + static_cast<int64_t>(t));
    batch.rows.targets_R.push_back(completion.tokens[t]);
    batch.old_logprobs_N.push_back(completion.logprobs[t]);
  }
  batch.advantages_N.resize(batch.old_logprobs_N.size(), sequence.advantage);
  batch.weights_N.resize(batch.old_logprobs_N.size(), sequence.token_weight);
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

PackedBatch PackSequences(std::span<const TrainingSequence> sequences, const SampledFrom& from) {
  PackedBatch batch;
  for (const TrainingSequence& sequence : sequences) Append(sequence, batch);
  batch.rows.distributions = DistributionsOf(sequences, from);
  return batch;
}

}  // namespace r1zero
