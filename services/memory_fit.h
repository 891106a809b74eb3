// Whether a run fits into a machine's memory, and what would make it fit.
#pragma once

#include <string>
#include <vector>

#include "services/memory_plan.h"

namespace r1zero {

// Overrides under which the run would take so many bytes in all.
struct Remedy {
  std::vector<std::string> overrides;  // "rollout.workers=1"
  double bytes = 0;
};

// For each key that memory depends on, the mildest value that alone makes the run fit into `available`
// bytes; if there is none, what all of them together come to, lowered as far as the run allows.
std::vector<Remedy> FindRemedies(const RunPlan& plan, const MemoryOptions& options,
                                 double available);

// The numbers: what the run takes and where most of it lies, what there is, and the remedies.
std::string WhyNotInto(const RunPlan& plan, const MemoryOptions& options, double available);

// Error with those numbers if the run cannot fit into this machine's memory, however short its
// completions turn out. For who starts all processes here.
void RequireMachineMemory(const RunPlan& plan);

std::string GiB(double bytes);  // "1.84 GiB"

}  // namespace r1zero
