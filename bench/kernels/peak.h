// What one core of this machine can do at most: the ceilings that the kernels are measured against.
#pragma once

#include <benchmark/benchmark.h>

namespace r1zero::bench {

// Multiply-adds of float32 over registers only, two floating-point operations each, in FLOP/s over
// CPU time. Measured at the first call (about 0.2 s).
double PeakFlops();

// Counters "FLOP/s" and "share_of_peak" for `flops` an iteration.
void ReportFlops(benchmark::State& state, double flops);

// Counter "bytes_per_second" for what an iteration reads and writes at least once.
void ReportBytes(benchmark::State& state, double bytes);

}  // namespace r1zero::bench
