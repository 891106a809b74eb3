// Tokens a second of the learner on the demo's policy: one optimizer step over 16 groups of 16, prompts of
// 10 tokens, completions of 45, with the reference pass (kl_coef 0.001) and without. By threads.
#include "grpo/learner.h"

#include <benchmark/benchmark.h>

#include <cmath>

#include "bench/shapes.h"
#include "common/philox.h"

namespace r1zero {
namespace {

constexpr int kGroups = 16, kGroupSize = 8, kPromptTokens = 64, kCompletionTokens = 64;
constexpr int kTokens = kGroups * kGroupSize * (kPromptTokens + kCompletionTokens);

std::vector<int32_t> RandomTokens(RandomStream& random, int n) {
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens) token = static_cast<int32_t>(2 + random.Below(119));
  return tokens;
}

std::vector<Group> RandomGroups() {
  std::vector<Group> groups(kGroups);
  for (int g = 0; g < kGroups; ++g) {
    RandomStream random(1, RandomPurpose::kCorpus, static_cast<uint64_t>(g));
    groups[g].prompt.ordinal = g;
    groups[g].prompt.tokens = RandomTokens(random, kPromptTokens);
    groups[g].completions.resize(kGroupSize);
    for (Completion& completion : groups[g].completions) {
      completion.tokens = RandomTokens(random, kCompletionTokens);
      completion.logprobs.assign(kCompletionTokens, -std::log(121.0f));
    }
  }
  return groups;
}

void Update(benchmark::State& state) {
  const ModelConfig& policy = bench::Shapes()[state.range(2)].policy;
  const Weights base = InitWeights(policy, 1);
  LearnerOptions options{.max_completion_tokens = 128, .seed = 1};
  options.config.threads = static_cast<int>(state.range(0));
  options.config.loss.kl_coef = state.range(1) ? 0.001 : 0.0;
  const auto learner = MakeLearner(base, options);
  const std::vector<Group> groups = RandomGroups();
  std::vector<float> advantages(kGroups * kGroupSize);
  for (size_t i = 0; i < advantages.size(); ++i) advantages[i] = i % 2 ? 1.0f : -1.0f;
  int64_t step = 0;
  for (auto _ : state) learner->Update(step++, groups, advantages);
  const double tokens = static_cast<double>(state.iterations()) * kTokens;
  const double passes =
      state.range(1) ? 8 : 6;  // multiply-adds: 2N forward, 4N backward, 2N reference
  state.counters["tokens/s"] = benchmark::Counter(tokens, benchmark::Counter::kIsRate);
  state.counters["GFLOP/s"] =
      benchmark::Counter(passes * tokens * static_cast<double>(NumParameters(policy)) / 1e9,
                         benchmark::Counter::kIsRate);
}
BENCHMARK(Update)
    ->ArgNames({"threads", "reference", "shape"})
    ->ArgsProduct({{1, 2}, {1, 0}, {0, 1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace r1zero
