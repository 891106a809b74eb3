// Asked to stop: one flag a process, set by a signal (or by a test), read by every loop.
#pragma once

#include "common/error.h"

namespace r1zero {

// Work that ended because it was asked to stop.
struct Interrupted : Error {
  using Error::Error;
};

// SIGINT, SIGTERM, SIGQUIT, and SIGHUP unless it is ignored (nohup), set the flag; a second SIGINT ends
// the process at once with status 130.
void InstallStopSignals();
bool StopRequested();
void RequestStop();
void ClearStopForTest();

bool IsIgnored(int signal);  // by this process

}  // namespace r1zero
