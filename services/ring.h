// The ring as child processes on this machine: one learner, one reward service, N workers.
#pragma once

#include "services/command.h"
#include "services/run_config.h"

namespace r1zero {

// Prepares the run folder, starts the processes on Unix sockets in a private temporary folder,
// supervises them, and returns the learner's exit status. No process is left behind.
int RunRing(const RunConfig& config, const RunOptions& options);

}  // namespace r1zero
