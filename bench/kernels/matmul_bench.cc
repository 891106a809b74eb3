// Matrix products on one core, in GFLOP/s and as a share of that core's multiply-add peak, which is
// measured first with a loop that touches registers only. Rates are over CPU time.
#include "kernels/matmul.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/kernels/matmul_bench.cc"
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(MultiplyAdds);

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// The best of 40 short runs.
double PeakFlops() {
  static const double peak = [] {
    double best = 0;
    for (int i = 0; i < 40; ++i) {
      float sink = 0;
      const double start = CpuSeconds();
      const double flops = HWY_DYNAMIC_DISPATCH(MultiplyAdds)(100000, sink);
      best = std::max(best, flops / (CpuSeconds() - start));
      benchmark::DoNotOptimize(sink);
    }
    return best;
  }();
  return peak;
}

void Report(benchmark::State& state, int64_t M, int64_t N, int64_t K) {
  const double flops = 2.0 * static_cast<double>(M * N * K * state.iterations());
  state.counters["FLOP/s"] = {flops, benchmark::Counter::kIsRate};
  state.counters["share_of_peak"] = {flops / PeakFlops(), benchmark::Counter::kIsRate};
}

// Arguments: M, K, N.
void BM_MatMul(benchmark::State& state) {
  const int64_t M = state.range(0), K = state.range(1), N = state.range(2);
  const AlignedVector<float> w_NK(N * K, 0.5f), x_MK(M * K, 0.25f);
  AlignedVector<float> y_MN(M * N);
  PackedMatrix packed;
  PackForward(w_NK.data(), N, K, packed);
  ThreadPool pool(1);
  for (auto _ : state) {
    MatMul(x_MK.data(), K, packed, y_MN.data(), N, M, pool);
    benchmark::ClobberMemory();
  }
  Report(state, M, N, K);
}

void BM_AccumulateWeightGradient(benchmark::State& state) {
  const int64_t M = state.range(0), K = state.range(1), N = state.range(2);
  const AlignedVector<float> dy_MN(M * N, 1e-6f), x_MK(M * K, 0.25f);
  AlignedVector<float> dw_NK(N * K, 0.0f);
  ThreadPool pool(1);
  for (auto _ : state) {
    AccumulateWeightGradient(dy_MN.data(), N, x_MK.data(), K, dw_NK.data(), M, N, K, pool);
    benchmark::ClobberMemory();
  }
  Report(state, M, N, K);
}

void BM_Pack(benchmark::State& state) {
  const int64_t K = state.range(0), N = state.range(1);
  const AlignedVector<float> w_NK(N * K, 0.5f);
  PackedMatrix packed;
  for (auto _ : state) {
    PackForward(w_NK.data(), N, K, packed);
    PackInputGradient(w_NK.data(), N, K, packed);
  }
  state.SetBytesProcessed(state.iterations() * 2 * N * K * sizeof(float));
}

void Shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"M", "K", "N"});
  for (const auto& [K, N] : {std::pair{96, 288}, {128, 768}, {256, 1536}}) {
    for (const int M : {1, 8, 32, 128, 1024}) bench->Args({M, K, N});
  }
}
BENCHMARK(BM_MatMul)->Apply(Shapes)->Args({1, 576, 49152})->Args({8, 576, 49152});
BENCHMARK(BM_AccumulateWeightGradient)->Apply(Shapes);
BENCHMARK(BM_Pack)->Args({256, 1536});

}  // namespace
}  // namespace r1zero::kernels
#endif  // HWY_ONCE
