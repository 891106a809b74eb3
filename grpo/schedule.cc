#include "grpo/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace r1zero {
namespace {

double WarmUp(int64_t step, int64_t warmup_steps) {
  if (step >= warmup_steps) return 1;
  return static_cast<double>(step + 1) / static_cast<double>(warmup_steps);
}

}  // namespace

double ScheduledLr(const OptimizerConfig& config, int64_t step, int64_t total_steps) {
  const auto last = static_cast<double>(total_steps - 1);
  const double decay_from = config.decay_start * last;
  double factor = 1;
  if (static_cast<double>(step) > decay_from)
    factor += (config.final_lr_fraction - 1) *
              std::min(1.0, (static_cast<double>(step) - decay_from) / (last - decay_from));
  return config.lr * factor * WarmUp(step, config.warmup_steps);
}

double ScheduledLr(const PretrainConfig& config, int64_t step, int64_t tokens) {
  const double done =
      std::min(1.0, static_cast<double>(tokens) / static_cast<double>(config.tokens));
  const double cosine = 0.5 * (1 + std::cos(std::numbers::pi * done));
  const double factor = config.final_lr_fraction + (1 - config.final_lr_fraction) * cosine;
  return config.lr * factor * WarmUp(step, config.warmup_steps);
}

}  // namespace r1zero
