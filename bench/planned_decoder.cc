#include "bench/planned_decoder.h"

#include <algorithm>
#include <utility>

#include "common/error.h"

namespace r1zero::bench {

PlannedDecoder::PlannedDecoder(std::unique_ptr<Decoder> inner, int64_t prompt_tokens,
                               PlannedLengths lengths)
    : inner_(std::move(inner)), prompt_tokens_(prompt_tokens), lengths_(std::move(lengths)) {
  for (const auto& [token, group] : lengths_)
    Require(*std::ranges::min_element(group) >= 2, "planned length below 2 for the prompt that ",
            "begins with token ", token);
}

void PlannedDecoder::Forward(std::span<const DecoderInput> batch, float* logits_BV) {
  inner_->Forward(batch, logits_BV);
  const int64_t V = config().vocab_size;
  const int32_t eos = config().eos_tokens.front();
  for (const DecoderInput& input : batch) {
    if (!lengths_.empty() && input.first_position == 0) Begin(input);
    if (!input.wants_logits) continue;
    logits_BV[eos] = !lengths_.empty() && EndsWithNextToken(input) ? 1e4f : -1e30f;
    logits_BV += V;
  }
}

void PlannedDecoder::Begin(const DecoderInput& prompt) {
  const auto group = lengths_.find(prompt.tokens[0]);
  Require(group != lengths_.end(), "no lengths are planned for the prompt that begins with token ",
          prompt.tokens[0]);
  Ends& ends = ends_[prompt.block_table[0]];
  ends.assign(*std::ranges::max_element(group->second) + 1, 0);
  for (const int64_t length : group->second) ++ends[length];
}

// Which of a group's completions ends does not matter, only how many.
bool PlannedDecoder::EndsWithNextToken(const DecoderInput& input) {
  const int64_t seen = input.first_position + static_cast<int64_t>(input.tokens.size());
  const int64_t next_length = seen - prompt_tokens_ + 1;
  Ends& ends = ends_.at(input.block_table[0]);
  return next_length >= 2 && ends.at(next_length)-- > 0;
}

}  // namespace r1zero::bench
