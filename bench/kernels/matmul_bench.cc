// The matrix products of a layer and of the head, at each model's sizes on one core: GFLOP/s and the
// share of that core's multiply-add peak. Rates are over CPU time.
#include "kernels/matmul.h"

#include <algorithm>
#include <vector>

#include "bench/kernels/peak.h"
#include "bench/shapes.h"

namespace r1zero::kernels {
namespace {

struct Sizes {
  int64_t M = 0, K = 0, N = 0;
  double flops() const { return 2.0 * static_cast<double>(M * K * N); }
};

enum Matrix : int64_t { kQkv, kOut, kGateUp, kDown, kHead };

// Arguments: shape, matrix, rows.
Sizes SizesOf(const benchmark::State& state) {
  const bench::Shape& shape = bench::Shapes()[state.range(0)];
  const ModelConfig& c = shape.policy;
  const int64_t D = c.hidden_size, F = c.intermediate_size, M = state.range(2);
  const int64_t queries = c.num_heads * c.head_width, kv = c.num_kv_heads * c.head_width;
  switch (state.range(1)) {
    case kQkv: return {M, D, queries + 2 * kv};
    case kOut: return {M, queries, D};
    case kGateUp: return {M, D, 2 * F};
    case kDown: return {M, F, D};
    default: return {M, D, c.vocab_size};
  }
}

void Label(benchmark::State& state) {
  static constexpr const char* kNames[] = {"qkv", "o", "gate_up", "down", "head"};
  state.SetLabel(std::string(bench::Shapes()[state.range(0)].name) + " " + kNames[state.range(1)]);
}

void MeasureForward(benchmark::State& state, const Sizes& sizes) {
  const auto [M, K, N] = sizes;
  const AlignedVector<float> w_NK(N * K, 0.5f), x_MK(M * K, 0.25f);
  AlignedVector<float> y_MN(M * N);
  PackedMatrix packed;
  PackForward(w_NK.data(), N, K, packed);
  ThreadPool pool(1);
  for (auto _ : state) {
    MatMul(x_MK.data(), K, packed, y_MN.data(), N, M, pool);
    benchmark::ClobberMemory();
  }
  bench::ReportFlops(state, sizes.flops());
}

void Forward(benchmark::State& state) {
  MeasureForward(state, SizesOf(state));
  Label(state);
}

void InputGradient(benchmark::State& state) {
  const auto [M, K, N] = SizesOf(state);
  const AlignedVector<float> w_NK(N * K, 0.5f), dy_MN(M * N, 0.25f);
  AlignedVector<float> dx_MK(M * K);
  PackedMatrix packed;
  PackInputGradient(w_NK.data(), N, K, packed);
  ThreadPool pool(1);
  for (auto _ : state) {
    MatMul(dy_MN.data(), N, packed, dx_MK.data(), K, M, pool);
    benchmark::ClobberMemory();
  }
  Label(state);
  bench::ReportFlops(state, SizesOf(state).flops());
}

void WeightGradient(benchmark::State& state) {
  const auto [M, K, N] = SizesOf(state);
  const AlignedVector<float> dy_MN(M * N, 1e-6f), x_MK(M * K, 0.25f);
  AlignedVector<float> dw_NK(N * K, 0.0f);
  ThreadPool pool(1);
  for (auto _ : state) {
    AccumulateWeightGradient(dy_MN.data(), N, x_MK.data(), K, dw_NK.data(), M, N, K, pool);
    benchmark::ClobberMemory();
  }
  Label(state);
  bench::ReportFlops(state, SizesOf(state).flops());
}

// Both forms that a training step packs anew.
void Pack(benchmark::State& state) {
  const auto [M, K, N] = SizesOf(state);
  const AlignedVector<float> w_NK(N * K, 0.5f);
  PackedMatrix packed;
  for (auto _ : state) {
    PackForward(w_NK.data(), N, K, packed);
    PackInputGradient(w_NK.data(), N, K, packed);
  }
  Label(state);
  bench::ReportBytes(state, 4.0 * static_cast<double>(N * K * sizeof(float)));
}

// Decoding asks for few rows, training for many; the large head for a tile of them.
void Sampling(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shape", "matrix", "M"})
      ->ArgsProduct({{0, 1, 2, 3}, {0, 1, 2, 3}, {1, 8, 32, 256}});
  bench->ArgsProduct({{0, 1, 2}, {kHead}, {1, 8, 32, 256}})->ArgsProduct({{3}, {kHead}, {1, 32}});
}
void Training(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shape", "matrix", "M"})->ArgsProduct({{0, 1, 2, 3}, {0, 1, 2, 3}, {1024}});
  bench->ArgsProduct({{0, 1, 2}, {kHead}, {1024}})->Args({3, kHead, 64});
}
// One tile, its operands in the first-level cache: what the call, the copy of x and the tile's beginning
// and end cost beside its multiply-adds.
void InFirstLevelCache(benchmark::State& state) {
  MeasureForward(state, {.M = 12, .K = 128, .N = 32});
}

// Several matrices one after another, as the layers of a step: 40 of SmolLM2's gate_up (283 MB) come from
// memory, one alone stays in the last-level cache. Arguments: shape, matrix, rows, matrices, how far to
// read ahead (0: not at all).
void OneAfterAnother(benchmark::State& state) {
  const auto [M, K, N] = SizesOf(state);
  const AlignedVector<float> w_NK(N * K, 0.5f), x_MK(M * K, 0.25f);
  AlignedVector<float> y_MN(M * N);
  std::vector<PackedMatrix> matrices(state.range(3));
  for (PackedMatrix& packed : matrices) PackForward(w_NK.data(), N, K, packed);
  ThreadPool pool(1);
  ReadAhead ahead(state.range(4) * 1024);
  for (auto _ : state) {
    ahead.Clear();
    for (const PackedMatrix& packed : matrices) PlanMatMul(packed, /*cached=*/false, ahead);
    for (const PackedMatrix& packed : matrices)
      MatMul(x_MK.data(), K, packed, y_MN.data(), N, M, pool, state.range(4) ? &ahead : nullptr);
    benchmark::ClobberMemory();
  }
  Label(state);
  bench::ReportFlops(state, static_cast<double>(matrices.size()) * SizesOf(state).flops());
}

BENCHMARK(InFirstLevelCache)->Name("MatMulInFirstLevelCache");
BENCHMARK(Forward)->Name("MatMul")->Apply(Sampling)->Args({1, kGateUp, 1024});
BENCHMARK(InputGradient)->Name("MatMulInputGradient")->Apply(Training);
BENCHMARK(WeightGradient)
    ->Name("MatMulWeightGradient")
    ->Apply(Training)
    ->ArgsProduct({{1}, {kGateUp, kDown}, {8192}});
BENCHMARK(OneAfterAnother)
    ->Name("MatMulOneAfterAnother")
    ->ArgNames({"shape", "matrix", "M", "matrices", "ahead_KiB"})
    ->Args({3, kGateUp, 32, 1, 0})
    ->ArgsProduct({{3}, {kGateUp}, {32}, {40}, {0, 512, 1024}});
BENCHMARK(Pack)
    ->Name("MatMulPack")
    ->ArgNames({"shape", "matrix", "M"})
    ->ArgsProduct({{1, 2, 3}, {kGateUp}, {0}});

}  // namespace
}  // namespace r1zero::kernels
