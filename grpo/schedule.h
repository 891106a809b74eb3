// The learning rate of each optimizer step.
#pragma once

#include <cstdint>

#include "grpo/grpo_config.h"

namespace r1zero {

// Step `step` (from 0) of `total_steps`: linear warm-up over warmup_steps, constant, and from
// decay_start on linear down to final_lr_fraction of lr at the last step.
double ScheduledLr(const OptimizerConfig& config, int64_t step, int64_t total_steps);

// Pretraining's: linear warm-up by steps times a cosine by tokens, from lr at 0 to
// final_lr_fraction of it at config.tokens.
double ScheduledLr(const PretrainConfig& config, int64_t step, int64_t tokens);

}  // namespace r1zero
