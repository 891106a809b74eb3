#include "grpo/group_check.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include "rollout/stop_matcher.h"

namespace r1zero {
namespace {

template <typename... Parts>
std::string Text(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

// A text ends with its first stop string, and says so.
std::string WhatIsWrongWithStop(const Completion& completion, const Lease& lease) {
  const auto end = EndOfFirstStop(completion.text, lease.sampling.stop);
  const bool stopped = completion.finish_reason == FinishReason::kStopString;
  if (!end) return stopped ? "stopped by a text, but holds no stop string" : "";
  if (!stopped) return Text("a stop string ends at byte ", *end, " of its text, which went on");
  if (*end == completion.text.size()) return "";
  return Text("a stop string ends at byte ", *end, " of its text of ", completion.text.size());
}

std::string WhatIsWrongWithTokens(const Completion& completion, const Lease& lease,
                                  const GroupRules& rules) {
  const auto& tokens = completion.tokens;
  if (tokens.empty()) return "no tokens";
  if (completion.logprobs.size() != tokens.size())
    return Text(tokens.size(), " tokens but ", completion.logprobs.size(), " logprobs");
  const size_t length = lease.prompt.tokens.size() + tokens.size();
  if (length > static_cast<size_t>(lease.sampling.max_total_tokens))
    return Text(length, " tokens with the prompt, at most ", lease.sampling.max_total_tokens);
  for (size_t t = 0; t < tokens.size(); ++t) {
    if (tokens[t] < 0 || tokens[t] >= rules.vocab_size)
      return Text("token ", t, " is ", tokens[t], ", the vocabulary has ", rules.vocab_size);
    if (!std::isfinite(completion.logprobs[t]) || completion.logprobs[t] > 0)
      return Text("logprob ", t, " is ", completion.logprobs[t]);
  }
  const auto eos = std::ranges::find_first_of(tokens, rules.eos_tokens);
  if (eos != tokens.end() && eos + 1 != tokens.end())
    return Text("end token at ", eos - tokens.begin(), " of ", tokens.size());
  const bool stopped = completion.finish_reason == FinishReason::kStop;
  if (stopped != (eos != tokens.end()))
    return stopped ? "stopped without the end token"
                   : "cut off or stopped by a text, but ends with the end token";
  return WhatIsWrongWithStop(completion, lease);
}

std::string WhatIsWrongWithCut(const Completion& completion, const Lease& lease) {
  if (completion.finish_reason != FinishReason::kLength) return "";
  const size_t length = lease.prompt.tokens.size() + completion.tokens.size();
  if (length == static_cast<size_t>(lease.sampling.max_total_tokens)) return "";
  return Text("cut off by the length limit at ", length, " tokens with the prompt, expected ",
              lease.sampling.max_total_tokens, " (max_total_tokens)");
}

// What no worker could have recorded, and what training is too strict for.
std::string WhatIsWrongWithVersions(const Completion& completion, int64_t leased_under) {
  const auto& versions = completion.versions;
  if (versions.empty() || versions.front().first_token != 0)
    return "its policy versions do not begin at token 0";
  if (versions.back().first_token >= static_cast<int64_t>(completion.tokens.size()))
    return Text("a policy version from token ", versions.back().first_token, " of ",
                completion.tokens.size());
  for (size_t i = 1; i < versions.size(); ++i)
    if (versions[i].first_token <= versions[i - 1].first_token ||
        versions[i].policy_version <= versions[i - 1].policy_version)
      return Text("policy version ", versions[i].policy_version, " from token ",
                  versions[i].first_token, " after ", versions[i - 1].policy_version, " from ",
                  versions[i - 1].first_token, "; expected both to ascend");
  if (versions.back().policy_version > leased_under)
    return Text("policy version ", versions.back().policy_version, ", the newest is ",
                leased_under);
  if (versions.front().policy_version != leased_under)
    return Text("stale: sampled under policy version ", versions.front().policy_version,
                ", leased under ", leased_under);
  return "";
}

std::string WhatIsWrongWithKept(const Completion& completion, const Lease& lease,
                                int32_t vocab_size) {
  if (Truncates(lease.sampling))
    return WhatIsWrong(completion.kept, completion.tokens, vocab_size, lease.sampling.top_k);
  return completion.kept.empty() && completion.kept.words.empty()
             ? ""
             : "kept sets, but its lease does not truncate";
}

// Far above any rubric's; sums of such numbers and their squares stay finite.
constexpr double kMostReward = 1e6;

bool IsSane(double x) { return std::isfinite(x) && std::abs(x) < kMostReward; }

std::string WhatIsWrongWithParts(const Completion& completion,
                                 std::span<const ExpectedPart> expected) {
  for (const NamedReward& part : completion.parts) {
    if (!IsSane(part.score) || !IsSane(part.weight))
      return Text("reward part '", part.name, "' scores ", part.score, ", weighs ", part.weight);
    if (part.undecided && !completion.undecided)
      return Text("reward part '", part.name, "' is undecided, the completion is not");
  }
  if (expected.empty()) return "";
  for (const ExpectedPart& wanted : expected) {
    const auto is_it = [&](const NamedReward& part) {
      return part.name == wanted.name && part.weight == wanted.weight;
    };
    if (std::ranges::count_if(completion.parts, is_it) != 1)
      return Text("expected one reward part '", wanted.name, "' of weight ", wanted.weight);
  }
  if (completion.parts.size() != expected.size())
    return Text(completion.parts.size(), " reward parts, expected ", expected.size());
  return "";
}

std::string WhatIsWrongWithReward(const Completion& completion,
                                  std::span<const ExpectedPart> expected) {
  if (!IsSane(completion.reward)) return Text("reward is ", completion.reward);
  std::string wrong = WhatIsWrongWithParts(completion, expected);
  if (!wrong.empty() || completion.parts.empty()) return wrong;
  const bool is_voided = completion.undecided || completion.finish_reason == FinishReason::kLength;
  if (is_voided && completion.reward == 0) return "";
  double sum = 0, size = 0;
  for (const NamedReward& part : completion.parts) {
    sum += part.weight * part.score;
    size += std::abs(part.weight * part.score);
  }
  if (std::abs(completion.reward - sum) <= 1e-9 * (1 + size)) return "";
  return Text("reward is ", completion.reward, ", its parts make ", sum);
}

}  // namespace

std::string WhatIsWrong(const Group& group, const Lease& lease, const GroupRules& rules) {
  if (group.policy_version != lease.policy_version)
    return Text("policy version ", group.policy_version, ", leased under ", lease.policy_version);
  if (group.prompt.use != lease.prompt.use || group.prompt.ordinal != lease.prompt.ordinal)
    return Text("prompt ", group.prompt.ordinal, " of use ", static_cast<int>(group.prompt.use),
                ", leased was ", lease.prompt.ordinal, " of use ",
                static_cast<int>(lease.prompt.use));
  if (group.preemptions < 0 || group.tokens_prefilled < 0)
    return Text(group.preemptions, " pre-emptions and ", group.tokens_prefilled,
                " tokens prefilled, expected 0 or more");
  if (group.completions.size() != static_cast<size_t>(lease.sampling.group_size))
    return Text(group.completions.size(), " completions, expected ", lease.sampling.group_size);
  for (size_t i = 0; i < group.completions.size(); ++i) {
    std::string wrong = WhatIsWrongWithTokens(group.completions[i], lease, rules);
    if (wrong.empty()) wrong = WhatIsWrongWithCut(group.completions[i], lease);
    if (wrong.empty()) wrong = WhatIsWrongWithKept(group.completions[i], lease, rules.vocab_size);
    if (wrong.empty()) wrong = WhatIsWrongWithVersions(group.completions[i], lease.policy_version);
    if (wrong.empty()) wrong = WhatIsWrongWithReward(group.completions[i], rules.parts);
    if (!wrong.empty()) return Text("completion ", i, ": ", wrong);
  }
  return "";
}

}  // namespace r1zero
