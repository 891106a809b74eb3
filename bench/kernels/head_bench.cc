// The fused language-model head on one core. Its backward computes the logits again: 6 floating-point
// operations a weight and row, 2 forward.
#include "kernels/head.h"

#include <vector>

#include "bench/kernels/peak.h"
#include "bench/shapes.h"

namespace r1zero::kernels {
namespace {

// Arguments: shape, rows.
struct Head {
  explicit Head(const benchmark::State& state)
      : D(bench::Shapes()[state.range(0)].policy.hidden_size),
        V(bench::Shapes()[state.range(0)].policy.vocab_size),
        M(state.range(1)),
        hidden_MD(M * D),
        logprob_M(M),
        logsumexp_M(M),
        entropy_M(M),
        targets_M(M, 7) {
    AlignedVector<float> w_VD(V * D);
    for (int64_t i = 0; i < V * D; ++i) w_VD[i] = 1e-3f * static_cast<float>(i % 31 - 15);
    for (int64_t i = 0; i < M * D; ++i) hidden_MD[i] = 0.1f * static_cast<float>(i % 17 - 8);
    PackForward(w_VD.data(), V, D, w);
    PackInputGradient(w_VD.data(), V, D, w_backward);
  }
  void Forward() {
    HeadForward(hidden_MD.data(), w, targets_M.data(), 1.0f, logprob_M.data(), logsumexp_M.data(),
                entropy_M.data(), M, pool);
    benchmark::ClobberMemory();
  }
  double flops(double each) const { return each * static_cast<double>(M * V * D); }

  int64_t D, V, M;
  AlignedVector<float> hidden_MD, logprob_M, logsumexp_M, entropy_M;
  std::vector<int32_t> targets_M;
  PackedMatrix w, w_backward;
  ThreadPool pool{1};
};

void Forward(benchmark::State& state) {
  Head head(state);
  for (auto _ : state) head.Forward();
  bench::ReportFlops(state, head.flops(2));
}

void Backward(benchmark::State& state) {
  Head head(state);
  head.Forward();
  const AlignedVector<float> dlogprob_M(head.M, 1e-3f);
  AlignedVector<float> dhidden_MD(head.M * head.D), dw_VD(head.V * head.D);
  for (auto _ : state) {
    HeadBackward(dlogprob_M.data(), head.hidden_MD.data(), head.w, head.w_backward,
                 head.targets_M.data(), 1.0f, head.logsumexp_M.data(), dhidden_MD.data(),
                 dw_VD.data(), head.M, head.pool);
    benchmark::ClobberMemory();
  }
  bench::ReportFlops(state, head.flops(6));
}

void Rows(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shape", "M"})->Unit(benchmark::kMicrosecond);
  bench->ArgsProduct({{0, 1, 2}, {512}})->Args({3, 32});
}
BENCHMARK(Forward)->Name("HeadForward")->Apply(Rows);
BENCHMARK(Backward)->Name("HeadBackward")->Apply(Rows);

}  // namespace
}  // namespace r1zero::kernels
