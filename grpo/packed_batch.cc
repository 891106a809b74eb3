#include "grpo/packed_batch.h"

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

}  // namespace

PackedBatch PackSequences(std::span<const TrainingSequence> sequences) {
  PackedBatch batch;
  for (const TrainingSequence& sequence : sequences) Append(sequence, batch);
  return batch;
}

}  // namespace r1zero
