// The head on one core: log-sum-exp alone, and the whole of forward and backward by row.
#include "kernels/head.h"

#include <benchmark/benchmark.h>

#include <random>
#include <vector>

namespace r1zero::kernels {
namespace {

constexpr int64_t kRows = 64;

std::vector<float> RandomNormal(int64_t n, float spread) {
  std::mt19937 generator(1);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> x(n);
  for (float& value : x) value = normal(generator);
  return x;
}

void LogSumExpRow(benchmark::State& state) {
  const int64_t V = state.range(0);
  const std::vector<float> logits = RandomNormal(V, 2);
  for (auto _ : state) benchmark::DoNotOptimize(LogSumExp(logits.data(), V, 0.7f));
}
BENCHMARK(LogSumExpRow)->Arg(121)->Arg(512)->Arg(49152);

struct Head {
  Head(int64_t D, int64_t V)
      : hidden_MD(RandomNormal(kRows * D, 1)), w_VD(RandomNormal(V * D, 0.1f)), dw_VD(V * D) {
    PackForward(w_VD.data(), V, D, packed);
    PackInputGradient(w_VD.data(), V, D, packed_backward);
    for (int64_t m = 0; m < kRows; ++m) targets_M.push_back(static_cast<int32_t>(m * 7 % V));
  }
  void Forward() {
    HeadForward(hidden_MD.data(), packed, targets_M.data(), 0.7f, logprob_M.data(),
                logsumexp_M.data(), entropy_M.data(), kRows, pool);
  }
  void Backward() {
    HeadBackward(logprob_M.data(), hidden_MD.data(), packed, packed_backward, targets_M.data(),
                 0.7f, logsumexp_M.data(), dhidden_MD.data(), dw_VD.data(), kRows, pool);
  }
  std::vector<float> hidden_MD, w_VD, dw_VD;
  std::vector<float> dhidden_MD = std::vector<float>(hidden_MD.size());
  std::vector<float> logprob_M = std::vector<float>(kRows), logsumexp_M = logprob_M,
                     entropy_M = logprob_M;
  std::vector<int32_t> targets_M;
  PackedMatrix packed, packed_backward;
  ThreadPool pool{1};
};

void ForwardRows(benchmark::State& state) {
  Head head(state.range(0), state.range(1));
  for (auto _ : state) head.Forward();
  state.SetItemsProcessed(state.iterations() * kRows);
}
void BackwardRows(benchmark::State& state) {
  Head head(state.range(0), state.range(1));
  head.Forward();
  for (auto _ : state) head.Backward();
  state.SetItemsProcessed(state.iterations() * kRows);
}
BENCHMARK(ForwardRows)->Args({96, 121})->Args({128, 512})->Args({576, 49152});
BENCHMARK(BackwardRows)->Args({96, 121})->Args({128, 512})->Args({576, 49152});

}  // namespace
}  // namespace r1zero::kernels
