// Tokens a second of the learner: one optimizer step over sequences of 64 + 64 tokens. Tokens are
// counted as TRL counts them, prompts once a completion, whether or not a group's prompt is computed
// once: that is what a group size above 1 shows. With kl:1 the reference pass is part of it.
#include "grpo/learner.h"

#include <algorithm>
#include <cmath>

#include "bench/shapes.h"
#include "bench/workload.h"

namespace r1zero {
namespace {

using bench::Workload;

std::vector<Group> RandomGroups(const ModelConfig& policy, const Workload& work) {
  std::vector<Group> groups(work.prompts);
  for (int64_t g = 0; g < work.prompts; ++g) {
    groups[g].prompt = bench::LeaseOf(work, policy, g, 0).prompt;
    groups[g].completions.resize(work.group_size);
    for (int64_t i = 0; i < work.group_size; ++i) {
      Completion& completion = groups[g].completions[i];
      const auto stream = static_cast<uint64_t>(1'000'000 + g * work.group_size + i);
      completion.tokens = bench::RandomTokens(policy, stream, work.completion_tokens);
      completion.logprobs.assign(work.completion_tokens,
                                 -std::log(static_cast<float>(policy.vocab_size)));
    }
  }
  return groups;
}

std::vector<float> Alternating(int64_t n) {
  std::vector<float> advantages(n);
  for (int64_t i = 0; i < n; ++i) advantages[i] = i % 2 ? 1.0f : -1.0f;
  return advantages;
}

// The same sequences in groups of one, each with its own copy of the prompt: nothing is shared.
std::vector<Group> GroupsOfOne(const std::vector<Group>& groups) {
  std::vector<Group> alone;
  for (const Group& group : groups)
    for (const Completion& completion : group.completions)
      alone.push_back({.prompt = group.prompt, .completions = {completion}});
  return alone;
}

void RunUpdates(benchmark::State& state, int64_t shape, const Workload& work, bool kl, int threads,
                bool shared = true) {
  const ModelConfig& policy = bench::Shapes()[shape].policy;
  LearnerOptions options{.max_completion_tokens = work.completion_tokens, .seed = 1};
  options.config.threads = threads;
  options.config.loss.kl_coef = kl ? 0.001 : 0.0;
  options.config.optimizer.lr = 1e-6;
  const auto learner = MakeLearner(InitWeights(policy, 1), options);
  std::vector<Group> groups = RandomGroups(policy, work);
  if (!shared) groups = GroupsOfOne(groups);
  const std::vector<float> advantages = Alternating(work.prompts * work.group_size);
  int64_t step = 0;
  learner->Update(step++, groups, advantages);  // the first one grows the buffers
  for (auto _ : state) learner->Update(step++, groups, advantages);
  const double tokens = static_cast<double>(state.iterations() * work.trained());
  state.counters["tokens/s"] = {tokens, benchmark::Counter::kIsRate};
  state.counters["parameters"] = static_cast<double>(NumParameters(policy));
  state.SetLabel(bench::Shapes()[shape].name);
}

// Arguments: shape, group size, reference pass or not, threads. 128 sequences; of SmolLM2 8.
void Learner(benchmark::State& state) {
  const int64_t shape = state.range(0), sequences = shape >= 3 ? 8 : 128;
  const int64_t group_size = state.range(1);
  const Workload work{.prompts = sequences / group_size, .group_size = group_size};
  RunUpdates(state, shape, work, state.range(2), static_cast<int>(state.range(3)));
}
BENCHMARK(Learner)
    ->ArgNames({"shape", "group", "kl", "threads"})
    ->ArgsProduct({{0, 1, 2}, {1, 8}, {0, 1}, {1, 2}})
    ->ArgsProduct({{3, 4}, {8}, {0}, {1, 2}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// 8,192 tokens in sequences of this length, half of it prompt, no groups.
void LearnerByLength(benchmark::State& state) {
  const int64_t half = state.range(1) / 2;
  const Workload work{
      .prompts = 4096 / half, .group_size = 1, .prompt_tokens = half, .completion_tokens = half};
  RunUpdates(state, state.range(0), work, false, 1);
}
BENCHMARK(LearnerByLength)
    ->ArgNames({"shape", "length"})
    ->ArgsProduct({{1, 2}, {64, 128, 256, 512, 1024, 2048, 4096}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// 64 sequences of 256 + 64 tokens in groups of this size. shared 0: the same sequences as groups of
// one, so that each prompt is computed for every completion.
void LearnerByGroupSize(benchmark::State& state) {
  const int64_t group_size = state.range(1);
  const Workload work{.prompts = 64 / group_size, .group_size = group_size, .prompt_tokens = 256};
  RunUpdates(state, state.range(0), work, false, 1, state.range(2));
}
BENCHMARK(LearnerByGroupSize)
    ->ArgNames({"shape", "group", "shared"})
    ->ArgsProduct({{1}, {1, 2, 4, 8, 16, 32, 64}, {1, 0}})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace r1zero
