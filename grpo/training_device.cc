#include "grpo/training_device.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <thread>

#include "policy/device.h"

namespace r1zero {
namespace {

int NumThreads(int threads) {
  return threads > 0 ? threads : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

}  // namespace

TrainingDevice::TrainingDevice(const std::string& name, int threads)
    : device(FindDevice(name)), pool(NumThreads(threads)) {
  at::set_num_threads(1);
}

}  // namespace r1zero
