// The machine's memory: how much of it processes may take together, and how one keeps what it has.
#pragma once

#include <cstdint>

namespace r1zero {

// Physical memory, or less where a control group limits it. 0 if neither can be read.
int64_t MachineMemoryBytes();

// For a process whose blocks come and go with every step. Left to itself glibc returns them to the system
// and faults every page in again; now it does so from 8 MiB on. What one thread has freed serves the
// others too.
void KeepFreedMemory();

// Gives back what is kept, once: where what comes next is unlike what was.
void ReturnFreedMemory();

// Memory of this process, bytes: what it takes now, and the most that it took.
struct ProcessMemory {
  int64_t now = 0, peak = 0;
};
ProcessMemory OwnMemory();

}  // namespace r1zero
