// Child processes that cannot outlive this one.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace r1zero {

struct ProcessSpec {
  std::vector<std::string> argv;  // [0] is the program's path
  std::filesystem::path log;  // stdout and stderr are appended here; empty: those of this process
};

// Starts the program in a process group of its own, so that a terminal's Ctrl-C reaches only this
// process, which decides what it means. The kernel kills the child when the calling thread ends, by
// whatever cause. Error with program and reason if it cannot be started.
pid_t StartProcess(const ProcessSpec& spec);

// "ended with exit status 1", "was killed by SIGKILL"; of waitpid's status.
std::string DescribeExit(int wait_status);
// An orderly end is exit status 0. From outside: by a signal that somebody sends (or the system that is
// out of memory), or after one, with the exit status of an interruption. All else is its own failure.
inline constexpr int kInterruptedStatus = 130;
enum class ExitCause { kOrderly, kOutside, kItself };
ExitCause CauseOf(int wait_status);
// As a shell says it: the exit status, or 128 + signal.
int ExitCode(int wait_status);

}  // namespace r1zero
