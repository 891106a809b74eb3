// What of a memory plan is measured on this machine, not counted.
#pragma once

#include "services/command.h"
#include "services/memory_plan.h"

namespace r1zero {

// For a process that has read the run `run`: its own size with task and tokenizer, and that of
// r1zero-learner, which is started for it. `cores`: 0 for this machine's. Error if there is no
// r1zero-learner or it fails.
MemoryOptions MeasuredHere(const RunOptions& run, int cores, bool in_process);

}  // namespace r1zero
