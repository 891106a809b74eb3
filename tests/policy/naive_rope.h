// The angle that pair i of a head turns by from one position to the next, from its definition.
#pragma once

#include <cmath>

#include "policy/model_config.h"

namespace r1zero {

inline double NaiveRopeFrequency(const ModelConfig& c, int64_t i) {
  const double f = std::pow(c.rope_theta, -2.0 * static_cast<double>(i) / c.head_width);
  const kernels::RopeScaling& s = c.rope_scaling;
  if (s.factor == 0) return f;
  // How often the pair turned within the context that the model was pretrained on.
  const double turns = s.original_max_positions * f / (2 * M_PI);
  const double share = (turns - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  const double kept = std::fmin(1, std::fmax(0, share));
  return f * (kept + (1 - kept) / s.factor);
}

}  // namespace r1zero
