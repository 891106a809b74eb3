// The ops that do little arithmetic a byte, on one core: bytes a second, each buffer counted once for
// each time it must be read or written. 512 rows, about a tile of training.
#include <benchmark/benchmark.h>

#include <vector>

#include "bench/kernels/peak.h"
#include "bench/shapes.h"
#include "kernels/adamw.h"
#include "kernels/embedding.h"
#include "kernels/gradient_norm.h"
#include "kernels/rmsnorm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kRows = 512;

using Floats = AlignedVector<float>;

const ModelConfig& PolicyOf(const benchmark::State& state) {
  return bench::Shapes()[state.range(0)].policy;
}

// `run` once an iteration, moving `floats` floats.
template <typename Run>
void Measure(benchmark::State& state, int64_t floats, const Run& run) {
  for (auto _ : state) {
    run();
    benchmark::ClobberMemory();
  }
  bench::ReportBytes(state, static_cast<double>(floats) * sizeof(float));
}

void RmsNormForward(benchmark::State& state) {
  const int64_t D = PolicyOf(state).hidden_size;
  const Floats x(kRows * D, 0.5f), weight(D, 1.0f);
  Floats y(kRows * D), inv_rms(kRows);
  ThreadPool pool(1);
  Measure(state, 2 * kRows * D, [&] {
    RmsNorm(x.data(), weight.data(), 1e-6f, y.data(), inv_rms.data(), kRows, D, pool);
  });
}

void RmsNormInputGradient(benchmark::State& state) {
  const int64_t D = PolicyOf(state).hidden_size;
  const Floats x(kRows * D, 0.5f), dy(kRows * D, 0.1f), weight(D, 1.0f), inv_rms(kRows, 2.0f);
  Floats dx(kRows * D);
  ThreadPool pool(1);
  Measure(state, 3 * kRows * D, [&] {
    RmsNormBackward(dy.data(), x.data(), weight.data(), inv_rms.data(), dx.data(), kRows, D, pool);
  });
}

void SwiGluForward(benchmark::State& state) {
  const int64_t F = PolicyOf(state).intermediate_size;
  const Floats gate_up(kRows * 2 * F, 0.5f);
  Floats y(kRows * F);
  ThreadPool pool(1);
  Measure(state, 3 * kRows * F, [&] { SwiGlu(gate_up.data(), y.data(), kRows, F, pool); });
}

void SwiGluGradient(benchmark::State& state) {
  const int64_t F = PolicyOf(state).intermediate_size;
  const Floats gate_up(kRows * 2 * F, 0.5f), dy(kRows * F, 0.1f);
  Floats dgate_up(kRows * 2 * F);
  ThreadPool pool(1);
  Measure(state, 5 * kRows * F,
          [&] { SwiGluBackward(dy.data(), gate_up.data(), dgate_up.data(), kRows, F, pool); });
}

void RopeForward(benchmark::State& state) {
  const ModelConfig& c = PolicyOf(state);
  const int64_t width = c.num_heads * c.head_width;
  const RopeTable table(static_cast<int>(c.head_width), kRows, 10000);
  std::vector<int32_t> positions(kRows);
  for (int64_t m = 0; m < kRows; ++m) positions[m] = static_cast<int32_t>(m);
  Floats x(kRows * width, 0.5f);
  ThreadPool pool(1);
  Measure(state, 2 * kRows * width, [&] {
    Rope(x.data(), width, static_cast<int>(c.num_heads), positions.data(), kRows, table,
         RopeDirection::kForward, pool);
  });
}

void EmbeddingForward(benchmark::State& state) {
  const ModelConfig& c = PolicyOf(state);
  std::vector<int32_t> tokens(kRows);
  for (int64_t m = 0; m < kRows; ++m) tokens[m] = static_cast<int32_t>(m * 7919 % c.vocab_size);
  const Floats table(c.vocab_size * c.hidden_size, 0.5f);
  Floats y(kRows * c.hidden_size);
  ThreadPool pool(1);
  Measure(state, 2 * kRows * c.hidden_size,
          [&] { Embedding(tokens.data(), table.data(), y.data(), kRows, c.hidden_size, pool); });
}

// Argument: elements. Reads parameter, gradient and both moments, writes all but the gradient.
void AdamWUpdate(benchmark::State& state) {
  const int64_t n = state.range(0);
  Floats param(n, 0.5f), m(n, 0.0f), v(n, 0.0f);
  const Floats grad(n, 1e-3f);
  ThreadPool pool(1);
  Measure(state, 7 * n,
          [&] { AdamW(param.data(), grad.data(), m.data(), v.data(), n, {.lr = 1e-6}, pool); });
}

void GradientNormOf(benchmark::State& state) {
  const int64_t n = state.range(0);
  const Floats grad(n, 1e-3f);
  ThreadPool pool(1);
  Measure(state, n, [&] { benchmark::DoNotOptimize(GradientNorm(grad.data(), n, pool)); });
}

BENCHMARK(RmsNormForward)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(RmsNormInputGradient)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(SwiGluForward)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(SwiGluGradient)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(RopeForward)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(EmbeddingForward)->ArgName("shape")->DenseRange(0, 3);
BENCHMARK(AdamWUpdate)->ArgName("n")->Arg(918'656)->Arg(5'246'208)->Arg(64'000'000);
BENCHMARK(GradientNormOf)->ArgName("n")->Arg(918'656)->Arg(5'246'208)->Arg(64'000'000);

}  // namespace
}  // namespace r1zero::kernels
