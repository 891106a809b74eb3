// The readiness probes of tasks whose writers try and check: are sums right, are ticks honest?
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tasks/messy_writer.h"
#include "tasks/task.h"

namespace r1zero {

// A problem and one try at it without a slip.
struct ProbeText {
  std::string prompt;
  Attempt attempt;
  int64_t target = 0;
};

// sums: every result in a try; ok_given_hit, ok_given_miss: the verdict after a try.
std::vector<ReadinessProbe> TryProbes(const std::vector<ProbeText>& texts);

}  // namespace r1zero
