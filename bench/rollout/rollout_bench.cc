// New tokens a second of the rollout engine, whole rollouts from the first prompt token to the last
// completion's end: what a PyTorch user's sampling loop does in the same time. Prompts are prefilled
// inside the measurement.
#include <algorithm>

#include "bench/shapes.h"
#include "bench/workload.h"

namespace r1zero {
namespace {

using bench::Workload;
using Benchmark = benchmark::internal::Benchmark;

void Report(benchmark::State& state, const ModelConfig& policy, double tokens) {
  const double all = tokens * static_cast<double>(state.iterations());
  state.counters["tokens/s"] = {all, benchmark::Counter::kIsRate};
  state.counters["parameters"] = static_cast<double>(NumParameters(policy));
}

// Whole rollouts of `work`; `tokens` of each are counted.
void RunRollouts(benchmark::State& state, int64_t shape, const Workload& work, int threads,
                 int64_t tokens) {
  const ModelConfig& policy = bench::Shapes()[shape].policy;
  bench::Rollout rollout(policy, work, threads);
  rollout.SetWeights(std::make_shared<Weights>(InitWeights(policy, 1)));
  rollout.Run(0);  // the first one grows the buffers
  int64_t ordinal = work.prompts;
  for (auto _ : state) {
    rollout.Run(ordinal);
    ordinal += work.prompts;
  }
  state.SetLabel(bench::Shapes()[shape].name);
  Report(state, policy, static_cast<double>(tokens));
}

// `sequences` of 64 + 64 tokens in groups of 8, or of fewer where all threads could not have one.
Workload BatchOf(int64_t sequences, int threads) {
  const int64_t group_size = std::clamp<int64_t>(sequences / threads, 1, 8);
  return {.prompts = sequences / group_size, .group_size = group_size};
}

// Arguments: shape, sequences, threads.
void Rollout(benchmark::State& state) {
  const int threads = static_cast<int>(state.range(2));
  const Workload work = BatchOf(state.range(1), threads);
  RunRollouts(state, state.range(0), work, threads, work.generated());
}
BENCHMARK(Rollout)
    ->ArgNames({"shape", "batch", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 2, 4, 8, 16, 32, 64, 128, 256}, {1, 2}})
    ->ArgsProduct({{3, 4}, {32}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// The long-tailed workload: what continuous batching is for. Arguments: shape, threads.
void LongTailed(benchmark::State& state) {
  const Workload work = bench::ShapeS2();
  RunRollouts(state, state.range(0), work, static_cast<int>(state.range(1)), work.generated());
}
BENCHMARK(LongTailed)
    ->ArgNames({"shape", "threads"})
    ->ArgsProduct({{1, 2}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Prompt tokens a second: four prompts of this length, one token sampled after each.
void Prefill(benchmark::State& state) {
  const Workload work{
      .prompts = 4, .group_size = 1, .prompt_tokens = state.range(1), .completion_tokens = 1};
  RunRollouts(state, state.range(0), work, 1, work.prompts * work.prompt_tokens);
}
BENCHMARK(Prefill)
    ->ArgNames({"shape", "length"})
    ->ArgsProduct({{1, 2}, {64, 128, 256, 512, 1024, 2048, 4096}})
    ->ArgsProduct({{3}, {64, 512}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Decoding alone, 32 tokens of 16 sequences behind prompts of this length; prefill is not timed.
void DecodeByLength(benchmark::State& state) {
  const ModelConfig& policy = bench::Shapes()[state.range(0)].policy;
  const Workload work{
      .prompts = 2, .group_size = 8, .prompt_tokens = state.range(1), .completion_tokens = 33};
  const EngineConfig config{.max_sequences = 16, .max_prefill_tokens = 2 * work.prompt_tokens};
  auto decoder =
      MakeCpuDecoder(policy, NumKvBlocks(config, work.max_total_tokens()), MaxBatchTokens(config));
  Engine engine(std::make_unique<bench::PlannedDecoder>(std::move(decoder), work.prompt_tokens),
                config);
  engine.SetWeights(std::make_shared<Weights>(InitWeights(policy, 1)));
  int64_t ordinal = 0, decoded = 0;
  for (auto _ : state) {
    state.PauseTiming();
    engine.Add(bench::LeaseOf(work, policy, ordinal++, 0));
    engine.Add(bench::LeaseOf(work, policy, ordinal++, 0));
    const int64_t before = engine.tokens_sampled();
    while (engine.tokens_sampled() < before + 16) engine.Step();
    decoded -= engine.tokens_sampled();
    state.ResumeTiming();
    while (!engine.idle()) engine.Step();
    decoded += engine.tokens_sampled();
  }
  state.SetLabel(bench::Shapes()[state.range(0)].name);
  Report(state, policy, static_cast<double>(decoded) / static_cast<double>(state.iterations()));
}
BENCHMARK(DecodeByLength)
    ->ArgNames({"shape", "length"})
    ->ArgsProduct({{1, 2}, {64, 128, 256, 512, 1024, 2048, 4096}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// 64 sequences of 256 + 64 tokens in groups of this size: a larger one prefills fewer prompts.
void RolloutByGroupSize(benchmark::State& state) {
  const int64_t group_size = state.range(1);
  const Workload work{.prompts = 64 / group_size, .group_size = group_size, .prompt_tokens = 256};
  RunRollouts(state, state.range(0), work, 1, work.generated());
}
BENCHMARK(RolloutByGroupSize)
    ->ArgNames({"shape", "group"})
    ->ArgsProduct({{1}, {1, 2, 4, 8, 16, 32, 64}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace r1zero
