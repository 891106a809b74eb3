// What a submitted group must be before it may train anything.
#pragma once

#include <cstdint>
#include <string>

#include "rollout/group.h"

namespace r1zero {

// Empty if `group` is a possible answer to `lease`, else the first thing that is wrong with it:
// version, prompt, group size, tokens within [0, vocab_size), log-probabilities finite and not
// above 0, an end token exactly where a completion stopped by itself, lengths within the limit,
// finite rewards.
std::string WhatIsWrong(const Group& group, const Lease& lease, int32_t vocab_size,
                        int32_t eos_token);

}  // namespace r1zero
