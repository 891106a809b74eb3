// A plan for people, and for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/memory_fit.h"
#include "services/time_plan.h"

namespace r1zero {

struct PlanReport {
  const RunPlan& plan;
  MemoryPlan memory;
  double available = 0;          // bytes
  std::vector<Remedy> remedies;  // if it does not fit
  // With completions of full and of half length; none if the run does not fit.
  std::optional<TimePlan> full, half;
};

// One line: each process at its peak, all together, and whether that fits into `available` bytes.
std::string MemoryLine(const MemoryPlan& memory, double available);

std::string PlanText(const PlanReport& report);
std::string PlanJson(const PlanReport& report);

}  // namespace r1zero
