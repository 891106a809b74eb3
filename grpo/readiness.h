// Is a base policy ready for RL? Its task's probes, measured by teacher forcing.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "policy/decoder.h"
#include "policy/tokenizer.h"
#include "tasks/task.h"

namespace r1zero {

using ProbeValues = std::vector<std::pair<std::string, double>>;

// Sequences that one Forward of a probe runs together; their blocks and tokens set the decoder's
// size.
inline constexpr int64_t kProbeSequences = 32;

// One value a probe. REQUIRES a decoder with weights, whose blocks hold kProbeSequences sequences
// of max_positions tokens. Error if an item's `next` is not exactly one token.
ProbeValues MeasureProbes(std::span<const ReadinessProbe> probes, const Tokenizer& tokenizer,
                          Decoder& decoder);

// Whether every value lies within its probe's bounds. NaN does not.
bool IsReady(std::span<const ReadinessProbe> probes, const ProbeValues& values);

}  // namespace r1zero
