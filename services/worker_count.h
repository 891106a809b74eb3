// How many workers serve a run on this machine.
#pragma once

#include <algorithm>
#include <thread>

#include "rollout/rollout_config.h"

namespace r1zero {

// rollout.workers, or one a core.
inline int NumWorkers(const RolloutConfig& config) {
  if (config.workers > 0) return config.workers;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace r1zero
