#include "rollout/sequence.h"

#include <algorithm>
#include <string_view>

#include "policy/utf8.h"

namespace r1zero {
namespace {

void RecordVersion(Completion& completion, int64_t policy_version) {
  auto& versions = completion.versions;
  if (versions.empty() || versions.back().policy_version != policy_version)
    versions.push_back({static_cast<int64_t>(completion.tokens.size()), policy_version});
}

std::string BytesOf(const Completion& completion, const std::vector<std::string>& token_texts) {
  std::string bytes;
  if (token_texts.empty()) return bytes;
  for (const int32_t token : completion.tokens) bytes += token_texts[token];
  return bytes;
}

}  // namespace

void Sequence::Append(const kernels::SampledToken& sampled, const SampledUnder& under) {
  RecordVersion(completion(), under.policy_version);
  completion().tokens.push_back(sampled.token);
  completion().logprobs.push_back(sampled.logprob);
  if (std::ranges::find(under.eos_tokens, sampled.token) != under.eos_tokens.end())
    return Finish(FinishReason::kStop, under);
  if (const auto beyond = BytesBeyondStop(under))
    return Finish(FinishReason::kStopString, under, *beyond);
  if (num_tokens() == group->sampling.max_total_tokens) Finish(FinishReason::kLength, under);
}

// If the last token completes a stop string, how many bytes the token has after it.
std::optional<size_t> Sequence::BytesBeyondStop(const SampledUnder& under) {
  if (stop_state.empty()) return std::nullopt;
  const std::string& bytes = under.token_texts[completion().tokens.back()];
  const auto end = group->stop.Feed(bytes, stop_state);
  if (!end) return std::nullopt;
  return bytes.size() - *end;
}

// All completions of a group have their first, oldest token of the same step.
void Sequence::Finish(FinishReason reason, const SampledUnder& under, size_t bytes_beyond_text) {
  is_finished = true;
  Completion& done = completion();
  done.finish_reason = reason;
  const std::string bytes = BytesOf(done, under.token_texts);
  done.text = ToValidUtf8(std::string_view(bytes).substr(0, bytes.size() - bytes_beyond_text));
  group->group.policy_version = done.versions.front().policy_version;
}

}  // namespace r1zero
