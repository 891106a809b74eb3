#include "grpo/group_check.h"

#include <algorithm>
#include <cmath>
#include <sstream>

namespace r1zero {
namespace {

template <typename... Parts>
std::string Text(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  return text.str();
}

std::string WhatIsWrongWithTokens(const Completion& completion, const Lease& lease,
                                  int32_t vocab_size, int32_t eos_token) {
  const auto& tokens = completion.tokens;
  if (tokens.empty()) return "no tokens";
  if (completion.logprobs.size() != tokens.size())
    return Text(tokens.size(), " tokens but ", completion.logprobs.size(), " logprobs");
  const size_t length = lease.prompt.tokens.size() + tokens.size();
  if (length > static_cast<size_t>(lease.sampling.max_total_tokens))
    return Text(length, " tokens with the prompt, at most ", lease.sampling.max_total_tokens);
  for (size_t t = 0; t < tokens.size(); ++t) {
    if (tokens[t] < 0 || tokens[t] >= vocab_size)
      return Text("token ", t, " is ", tokens[t], ", the vocabulary has ", vocab_size);
    if (!std::isfinite(completion.logprobs[t]) || completion.logprobs[t] > 0)
      return Text("logprob ", t, " is ", completion.logprobs[t]);
  }
  const auto eos = std::find(tokens.begin(), tokens.end(), eos_token);
  if (eos != tokens.end() && eos + 1 != tokens.end())
    return Text("end token at ", eos - tokens.begin(), " of ", tokens.size());
  const bool stopped = completion.finish_reason == FinishReason::kStop;
  if (stopped != (eos != tokens.end()))
    return stopped ? "stopped without the end token" : "cut off, but ends with the end token";
  return "";
}

std::string WhatIsWrongWithReward(const Completion& completion) {
  if (!std::isfinite(completion.reward)) return Text("reward is ", completion.reward);
  for (const NamedReward& part : completion.parts) {
    if (!std::isfinite(part.score) || !std::isfinite(part.weight))
      return Text("reward part '", part.name, "' scores ", part.score, ", weighs ", part.weight);
    if (part.undecided && !completion.undecided)
      return Text("reward part '", part.name, "' is undecided, the completion is not");
  }
  return "";
}

}  // namespace

std::string WhatIsWrong(const Group& group, const Lease& lease, int32_t vocab_size,
                        int32_t eos_token) {
  if (group.policy_version != lease.policy_version)
    return Text("policy version ", group.policy_version, ", leased under ", lease.policy_version);
  if (group.prompt.use != lease.prompt.use || group.prompt.ordinal != lease.prompt.ordinal)
    return Text("prompt ", group.prompt.ordinal, " of use ", static_cast<int>(group.prompt.use),
                ", leased was ", lease.prompt.ordinal, " of use ",
                static_cast<int>(lease.prompt.use));
  if (group.completions.size() != static_cast<size_t>(lease.sampling.group_size))
    return Text(group.completions.size(), " completions, expected ", lease.sampling.group_size);
  for (size_t i = 0; i < group.completions.size(); ++i) {
    std::string wrong = WhatIsWrongWithTokens(group.completions[i], lease, vocab_size, eos_token);
    if (wrong.empty()) wrong = WhatIsWrongWithReward(group.completions[i]);
    if (!wrong.empty()) return Text("completion ", i, ": ", wrong);
  }
  return "";
}

}  // namespace r1zero
