// Tokens a second of one rollout engine (one core) on the demo's policy, kept full: as groups leave,
// others are there to take their place. 10 prompt tokens, groups of 16, at most 64 new tokens.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "bench/shapes.h"
#include "rollout/engine.h"

namespace r1zero {
namespace {

constexpr int kPromptTokens = 64, kNewTokens = 64;

Lease LeaseOf(int64_t ordinal, int64_t sequences) {
  Lease lease{.id = static_cast<uint64_t>(ordinal)};
  lease.prompt.ordinal = ordinal;
  for (int i = 0; i < kPromptTokens; ++i)
    lease.prompt.tokens.push_back(static_cast<int32_t>(2 + (ordinal * 7 + i * 13) % 119));
  lease.sampling.group_size = static_cast<int32_t>(std::min<int64_t>(8, sequences));
  lease.sampling.max_total_tokens = kPromptTokens + kNewTokens;
  return lease;
}

void Decode(benchmark::State& state) {
  const ModelConfig& policy = bench::Shapes()[state.range(0)].policy;
  const int64_t sequences = state.range(1);
  const EngineConfig config{.max_sequences = sequences};
  Engine engine(MakeCpuDecoder(policy, NumKvBlocks(config, kPromptTokens + kNewTokens),
                               MaxBatchTokens(config)),
                config);
  engine.SetWeights(std::make_shared<Weights>(InitWeights(policy, 1)));
  int64_t ordinal = 0;
  for (auto _ : state) {
    while (engine.num_sequences() < 2 * sequences) engine.Add(LeaseOf(ordinal++, sequences));
    engine.Step();
  }
  const auto tokens = static_cast<double>(engine.tokens_sampled());
  const auto flops = 2 * tokens * static_cast<double>(NumParameters(policy));
  state.counters["tokens/s"] = benchmark::Counter(tokens, benchmark::Counter::kIsRate);
  state.counters["GFLOP/s"] = benchmark::Counter(flops / 1e9, benchmark::Counter::kIsRate);
}
BENCHMARK(Decode)->ArgNames({"shape", "sequences"})->ArgsProduct({{0, 1, 2}, {1, 8, 32, 128, 256}});

}  // namespace
}  // namespace r1zero
