// How much memory processes on this machine may take together.
#pragma once

#include <cstdint>

namespace r1zero {

// Physical memory, or less where a control group limits it. 0 if neither can be read.
int64_t MachineMemoryBytes();

}  // namespace r1zero
