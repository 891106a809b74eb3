// Keeps the processes of one run alive together, and ends them together.
//
//   a child with `restart` is killed from outside (SIGKILL, SIGTERM, ...)
//                                  -> it is started again after a pause that doubles, however often
//   ... ends by itself with an error or crashes
//                                  -> the same; too often in too short: it is left out if others of
//                                     its kind go on, else all are stopped, Error with its last words
//   the essential child ends       -> all are stopped, its exit status is the result; a line says what
//                                     killed it
//   SIGINT, SIGTERM, SIGQUIT, SIGHUP (unless it was ignored, as nohup does)
//                                  -> SIGTERM to the essential child, which may save its work; then to
//                                     the others; SIGKILL after the grace; a line says how to go on
//   a second SIGINT                -> SIGKILL at once
//   this process is killed         -> the kernel kills all children
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace r1zero {

struct ChildSpec {
  std::string name;               // "learner"; "worker-0" and "worker-1" are of one kind
  std::vector<std::string> argv;  // [0] is the program's path
  std::filesystem::path log;      // of stdout and stderr, appended; empty: the terminal
  bool restart = false;
};

struct SupervisorOptions {
  std::chrono::milliseconds grace{10'000};     // between SIGTERM and SIGKILL
  int failures = 5;                            // of one child ...
  std::chrono::milliseconds within{30'000};    // ... in this time are too many
  std::chrono::milliseconds first_pause{100};  // before a restart; doubles with each death in a row
  std::string speaker = "r1zero train";        // begins the lines for a person
  std::string hint = "r1zero train ... --resume goes on from the last checkpoint";
};

// Starts all children, in order, and returns when none of them is left. REQUIRES the main thread, and
// that this process waits for no other children.
int Supervise(const std::vector<ChildSpec>& children, const std::string& essential = "learner",
              const SupervisorOptions& options = {});

}  // namespace r1zero
