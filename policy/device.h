// Devices by their names in the configuration.
#pragma once

#include <c10/core/Device.h>

#include <string>

namespace r1zero {

// "cpu" or "cuda". Error if it is another name or the device is not there.
c10::Device FindDevice(const std::string& name);

}  // namespace r1zero
