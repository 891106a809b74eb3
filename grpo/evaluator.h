// Measures a policy on held-out problems, with groups sampled through the ring.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "grpo/evaluation.h"
#include "rollout/group.h"

namespace r1zero {

// An entry of eval.temperatures. Error unless it is a finite number of at least 0.
double ParseTemperature(const std::string& text);

// A completion is right when its part "accuracy" (or, if there is none, its reward) scores 1 and it
// was not cut off. What votes in maj@k is that part's `extracted` answer (grpo/majority.h). A
// completion that a rule could not judge is an Error: an evaluation must not guess.
Evaluation Evaluate(std::span<const Group> groups, double temperature,
                    std::span<const std::string> counted_words, uint64_t seed);

}  // namespace r1zero
