// How long a run will take: operations and bytes counted, over rates measured on this machine.
#pragma once

#include "services/machine_rates.h"
#include "services/run_plan.h"

namespace r1zero {

// Seconds.
struct TimePlan {
  double completion_tokens = 0;                  // the length that is assumed of every completion
  double rollout = 0, update = 0, publish = 0;   // of a step
  double evaluation_during = 0, checkpoint = 0;  // of one
  double step = 0;                               // with its share of evaluations and checkpoints
  double pretraining = 0;                        // without its extra tokens
  double evaluations = 0;                        // before and after
  double run = 0;
};

// Sequences that a worker decodes together in a rollout, and the keys that a row sees on average.
int64_t DecodeRows(const RunPlan& plan, int cores);
int64_t MeanKeys(const RunPlan& plan);

// `length_share`: of the room that a prompt leaves, so much is filled by every completion.
TimePlan PlanTime(const RunPlan& plan, const MachineRates& rates, int cores, double length_share);

}  // namespace r1zero
