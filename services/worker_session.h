// A worker's membership of one run, from joining to the end of the run or of the learner.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace r1zero {

struct WorkerOptions {
  std::string learner;  // address
  std::string reward;   // address
  std::string name;     // unique among the workers of a run
  std::chrono::milliseconds patience{
      60'000};  // with a learner or reward service that does not answer
  std::function<bool()> stop;
};

// Joins, and works until the run is over or `stop` says so. Joins again whenever the learner was
// restarted: what was running is void then. Error if a peer does not answer for too long.
void Work(const WorkerOptions& options);

}  // namespace r1zero
