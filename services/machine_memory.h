// The machine's memory: how much of it processes may take together, and how one keeps what it has.
#pragma once

#include <cstdint>

namespace r1zero {

// Physical memory, or less where a control group limits it. 0 if neither can be read.
int64_t MachineMemoryBytes();

// For a process whose large blocks come and go: activations with every micro-batch, weights with every
// step. Left to itself glibc returns such blocks to the system and faults every page in again.
void KeepFreedMemory();

}  // namespace r1zero
