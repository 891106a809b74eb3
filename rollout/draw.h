// One token of a completion, drawn from the logits that follow the tokens before it.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/sampler.h"
#include "rollout/group.h"

namespace r1zero {

// By `sampling`, whose temperature is above 0; `uniform` in [0, 1). Appends to completion.kept if
// sampling truncates, and else leaves the completion alone. scratch_V: V floats. Error as by
// SampleToken.
kernels::SampledToken DrawToken(const SamplingParams& sampling, std::span<const int32_t> prompt,
                                Completion& completion, std::span<const float> logits_V,
                                float uniform, float* scratch_V);

}  // namespace r1zero
