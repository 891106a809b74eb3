// How long a worker's engine works, measured around it: what passes between the worker's calls of its
// ports is new weights being packed, prefill and decoding.
#pragma once

#include <chrono>

#include "rollout/worker.h"

namespace r1zero {

// Not thread-safe: for the worker's own thread, from which the ports are called.
class EngineClock {
 public:
  // The same ports, timed. The clock must outlive them.
  WorkerPorts Timed(WorkerPorts ports);

  // Since the worker last had nothing to do (waited for a lease); in a port, up to its call.
  double seconds() const { return std::chrono::duration<double>(worked_).count(); }

 private:
  using Clock = std::chrono::steady_clock;
  class InPort;

  Clock::duration worked_{0};
  Clock::time_point resumed_ = Clock::now();
};

}  // namespace r1zero
