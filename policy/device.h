// Devices by their names in the configuration, and what computes on them.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace r1zero {

// "cpu" or "cuda". Error if it is another name or the device is not there.
c10::Device FindDevice(const std::string& name);

// This project's kernels with their bit contract (CPU only), or ATen's operations (any device).
enum class Backend { kKernels, kAten };
inline Backend BackendFor(c10::Device device) {
  return device.is_cpu() ? Backend::kKernels : Backend::kAten;
}

}  // namespace r1zero
