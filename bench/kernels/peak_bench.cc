// The two ceilings of a roofline on one core: multiply-adds over registers, and bytes read a second
// from buffers that lie in the first, second or last-level cache or in memory.
#include "bench/kernels/peak.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "common/error.h"
#include "kernels/aligned.h"
#include "kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/kernels/peak_bench.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/matmul_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

using Chains = std::make_integer_sequence<int, kAccumulators>;

template <int... I>
float RunChains(int64_t steps, std::integer_sequence<int, I...>) {
  const Floats16 d;
  const Vec16 a = hn::Set(d, 0.999f), b = hn::Set(d, 0.001f);
  Registers<Chains> acc;
  ((At<I>(acc) = hn::Set(d, static_cast<float>(I))), ...);
  for (int64_t i = 0; i < steps; ++i) ((At<I>(acc) = hn::MulAdd(At<I>(acc), a, b)), ...);
  Vec16 sum = hn::Zero(d);
  ((sum = hn::Add(sum, At<I>(acc))), ...);
  return hn::GetLane(sum);
}

// Floating-point operations done; `sink` keeps them from being left out.
double MultiplyAdds(int64_t steps, float& sink) {
  sink = RunChains(steps, Chains());
  return 2.0 * kAccumulators * kLanes * static_cast<double>(steps);
}

// Reads n floats, a multiple of 128, with eight loads under way.
float ReadAll(const float* x, int64_t n) {
  using Streams = std::make_integer_sequence<int, 8>;
  const Floats16 d;
  return [&]<int... I>(std::integer_sequence<int, I...>) {
    Registers<Streams> acc;
    ((At<I>(acc) = hn::Zero(d)), ...);
    for (int64_t i = 0; i < n; i += 8 * kLanes)
      ((At<I>(acc) = hn::Add(At<I>(acc), hn::Load(d, x + i + I * kLanes))), ...);
    Vec16 sum = hn::Zero(d);
    ((sum = hn::Add(sum, At<I>(acc))), ...);
    return hn::GetLane(sum);
  }
  (Streams());
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {
HWY_EXPORT(MultiplyAdds);
HWY_EXPORT(ReadAll);
}  // namespace

double RunMultiplyAdds(int64_t steps, float& sink) {
  return HWY_DYNAMIC_DISPATCH(MultiplyAdds)(steps, sink);
}
float RunReadAll(const float* x, int64_t n) { return HWY_DYNAMIC_DISPATCH(ReadAll)(x, n); }

}  // namespace r1zero::kernels

namespace r1zero::bench {
namespace {

// What the kernels will run on, R1ZERO_SIMD heeded. Before main, which is the library's.
const bool kContextAdded = [] {
  try {
    kernels::RequireSimd();
    benchmark::AddCustomContext("simd", kernels::SimdName());
  } catch (const Error& error) {
    std::fprintf(stderr, "kernels_bench: %s\n", error.what());
    std::exit(1);
  }
  return true;
}();

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double MultiplyAddRate() {
  float sink = 0;
  const double start = CpuSeconds();
  const double flops = kernels::RunMultiplyAdds(100000, sink);
  const double seconds = CpuSeconds() - start;
  benchmark::DoNotOptimize(sink);
  return flops / seconds;
}

void MultiplyAddPeak(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(MultiplyAddRate());
  state.counters["FLOP/s"] = PeakFlops();
}
BENCHMARK(MultiplyAddPeak);

void StreamRead(benchmark::State& state) {
  const int64_t n = state.range(0) * 1024 / static_cast<int64_t>(sizeof(float));
  const kernels::AlignedVector<float> x(n, 1.0f);
  for (auto _ : state) benchmark::DoNotOptimize(kernels::RunReadAll(x.data(), n));
  ReportBytes(state, static_cast<double>(n * sizeof(float)));
}
BENCHMARK(StreamRead)->ArgName("KiB")->ArgsProduct({{16, 512, 1024, 4 << 10, 16 << 10, 1 << 20}});

}  // namespace

// The best of 40 short runs.
double PeakFlops() {
  static const double peak = [] {
    kernels::RequireSimd();
    double best = 0;
    for (int i = 0; i < 40; ++i) best = std::max(best, MultiplyAddRate());
    return best;
  }();
  return peak;
}

void ReportFlops(benchmark::State& state, double flops) {
  const double all = flops * static_cast<double>(state.iterations());
  state.counters["FLOP/s"] = {all, benchmark::Counter::kIsRate};
  state.counters["share_of_peak"] = {all / PeakFlops(), benchmark::Counter::kIsRate};
}

void ReportBytes(benchmark::State& state, double bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(bytes * static_cast<double>(state.iterations())));
}

}  // namespace r1zero::bench
#endif  // HWY_ONCE
