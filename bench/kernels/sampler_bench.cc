// Draws on one core: time a row by vocabulary, plain and with each truncation.
#include "kernels/sampler.h"

#include <random>
#include <vector>

#include "bench/kernels/peak.h"

namespace r1zero::kernels {
namespace {

constexpr int kRows = 16;  // drawn from in turn, so that no branch learns its row

std::vector<float> RandomLogits(int64_t n) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = normal(generator);
  return logits;
}

void Sample(benchmark::State& state, const SamplerParams& params) {
  const int64_t V = state.range(0);
  const std::vector<float> logits = RandomLogits(kRows * V);
  std::vector<float> scratch(V);
  int64_t row = 0;
  float uniform = 0;
  for (auto _ : state) {
    row = (row + 1) % kRows;
    uniform += 0.381966f;
    uniform -= uniform >= 1;
    benchmark::DoNotOptimize(SampleToken(&logits[row * V], V, params, uniform, scratch.data()));
  }
  bench::ReportBytes(state, static_cast<double>(V * sizeof(float)));
}

#define R1ZERO_BENCH(name, ...)                               \
  BENCHMARK_CAPTURE(Sample, name, SamplerParams{__VA_ARGS__}) \
      ->ArgName("V")                                          \
      ->Arg(121)                                              \
      ->Arg(512)                                              \
      ->Arg(49152)
R1ZERO_BENCH(plain);
R1ZERO_BENCH(top_k_50, .top_k = 50);
R1ZERO_BENCH(top_p_0_9, .top_p = 0.9f);
R1ZERO_BENCH(min_p_0_05, .min_p = 0.05f);

}  // namespace
}  // namespace r1zero::kernels
