// What a submitted group must be before it may train anything.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "rollout/group.h"

namespace r1zero {

// A part of the rubric that workers must score by.
struct ExpectedPart {
  std::string name;
  double weight = 1;
};

struct GroupRules {
  int32_t vocab_size = 0;
  std::span<const int32_t> eos_tokens;       // each ends a completion
  std::span<const ExpectedPart> parts = {};  // in any order; empty: any parts, or none
};

// Empty if `group` is a possible answer to `lease`, else the first thing that is wrong with it:
// version, prompt, group size, version spans that no engine records or that are not the lease's (an
// update trains on what its own policy sampled; the lease names the newest version), tokens within
// the vocabulary, log-probabilities finite and not above 0, what truncation kept where the lease
// truncates and nowhere else, never more than top_k, an end token or a stop string exactly where a
// completion stopped by it, lengths within the limit and at it where that cut a completion off, the
// parts expected with their weights, and a reward that is their
// weighted sum, 0 if undecided or cut off.
std::string WhatIsWrong(const Group& group, const Lease& lease, const GroupRules& rules);

}  // namespace r1zero
