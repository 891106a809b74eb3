// Where training runs: a device, and the pool of threads that serves the CPU kernels.
#pragma once

#include <c10/core/Device.h>

#include <string>

#include "kernels/thread_pool.h"

namespace r1zero {

// Not movable: modules keep references to the pool. Sets libtorch's own thread number to 1 for the
// process: its fork-join costs more than the small operations that are left to it.
struct TrainingDevice {
  // name: "cpu" or "cuda". threads 0: one a core. Error if the device is not there.
  TrainingDevice(const std::string& name, int threads);
  TrainingDevice(const TrainingDevice&) = delete;
  TrainingDevice& operator=(const TrainingDevice&) = delete;

  c10::Device device;
  kernels::ThreadPool pool;
};

}  // namespace r1zero
