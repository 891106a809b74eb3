// The tiles that matrix products are made of, by themselves: their operands are copied already, and lie in
// the first or second-level cache. What MatMul and AccumulateWeightGradient take beyond this goes into
// copies, loops and caches. GFLOP/s and share of the peak of one core, over CPU time.
#include <cstdint>

#include "bench/kernels/peak.h"
#include "kernels/aligned.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "bench/kernels/tile_bench.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/matmul_tile-inl.h"

#ifndef R1ZERO_BENCH_KERNELS_TILE_BENCH_ONCE_
#define R1ZERO_BENCH_KERNELS_TILE_BENCH_ONCE_
namespace r1zero::kernels {

inline constexpr int64_t kMostFloatsOfA = 16384;  // of one tile's rows, however they are copied

struct Product {
  const float *a, *b;  // copied: a for one tile, b in panels of 16 columns
  float* y;            // [rows, columns]
  int64_t rows, columns, steps;
};

}  // namespace r1zero::kernels
#endif  // once for all targets

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {
namespace {

// The largest tiles over all of y, each with the same rows of a. Floating-point operations done.
template <int kStride>
double RunTiles(const Product& p, int64_t a_step, bool from_zero) {
  constexpr int kPanels = TilePanels(kMaxTileRows);
  const int64_t rows = p.rows / kMaxTileRows, columns = p.columns / (kPanels * 16);
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = 0; c < columns; ++c)
      Tile<float, kMaxTileRows, kPanels, kStride>::Run(
          {.a = p.a,
           .a_step = a_step,
           .b = p.b + c * kPanels * p.steps * 16,
           .panel_stride = p.steps * 16,
           .steps = p.steps,
           .y = p.y + r * kMaxTileRows * p.columns + c * kPanels * 16,
           .ldy = p.columns,
           .from_zero = from_zero});
  }
  return 2.0 * static_cast<double>(rows * kMaxTileRows * columns * kPanels * 16 * p.steps);
}

double ForwardTiles(const Product& p) { return RunTiles<kRowStride>(p, 1, true); }
double GradientTiles(const Product& p) { return RunTiles<1>(p, 16, false); }

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {
HWY_EXPORT(ForwardTiles);
HWY_EXPORT(GradientTiles);

// Arguments: rows, columns, steps.
template <class Tiles>
void Measure(benchmark::State& state, const Tiles& tiles) {
  const int64_t rows = state.range(0), columns = state.range(1), steps = state.range(2);
  const AlignedVector<float> a(kMostFloatsOfA, 1e-6f), b(columns * steps, 0.5f);
  AlignedVector<float> y(rows * columns);
  double flops = 0;
  for (auto _ : state) {
    flops = tiles({a.data(), b.data(), y.data(), rows, columns, steps});
    benchmark::ClobberMemory();
  }
  bench::ReportFlops(state, flops);
}

void Forward(benchmark::State& state) {
  Measure(state, [](const Product& p) { return HWY_DYNAMIC_DISPATCH(ForwardTiles)(p); });
}
void WeightGradient(benchmark::State& state) {
  Measure(state, [](const Product& p) { return HWY_DYNAMIC_DISPATCH(GradientTiles)(p); });
}

// One tile; then T1's gate_up, whose weights fill a fifth of a second-level cache of 2 MiB.
BENCHMARK(Forward)
    ->Name("TilesOfMatMul")
    ->ArgNames({"rows", "columns", "steps"})
    ->Args({12, 32, 128})
    ->Args({12, 768, 128});
// T1's gate_up and down, over as many tokens as AccumulateWeightGradient copies at a time.
BENCHMARK(WeightGradient)
    ->Name("TilesOfWeightGradient")
    ->ArgNames({"rows", "columns", "steps"})
    ->Args({768, 128, 128})
    ->Args({120, 384, 128});

}  // namespace
}  // namespace r1zero::kernels
#endif  // HWY_ONCE
