#include "bench/workload.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero::bench {
namespace {

std::vector<std::vector<int64_t>> RecordedLengths() {
  const char* folder = std::getenv("R1ZERO_BENCH_DATA");
  const std::string path = std::string(folder ? folder : R1ZERO_BENCH_DATA) + "/s2_lengths.json";
  std::ifstream file(path);
  Require(file.good(), path, ": cannot be read; R1ZERO_BENCH_DATA names the folder");
  return nlohmann::json::parse(file).at("lengths").get<std::vector<std::vector<int64_t>>>();
}

}  // namespace

int64_t Workload::generated() const {
  if (lengths.empty()) return prompts * group_size * completion_tokens;
  int64_t sum = 0;
  for (const auto& group : lengths)
    for (const int64_t length : group) sum += length;
  return sum;
}

int64_t Workload::trained() const { return generated() + prompts * group_size * prompt_tokens; }

Workload ShapeS1() { return {}; }

Workload ShapeS2() {
  return {.prompts = 16,
          .group_size = 16,
          .prompt_tokens = 256,
          .completion_tokens = 256,
          .lengths = RecordedLengths()};
}

std::vector<int32_t> RandomTokens(const ModelConfig& policy, uint64_t stream, int64_t n) {
  RandomStream random(1, RandomPurpose::kCorpus, stream);
  std::vector<int32_t> tokens(n);
  for (int32_t& token : tokens)
    token = static_cast<int32_t>(2 + random.Below(policy.vocab_size - 2));
  return tokens;
}

Lease LeaseOf(const Workload& work, const ModelConfig& policy, int64_t ordinal, int64_t version) {
  Lease lease{.id = static_cast<uint64_t>(ordinal), .policy_version = version};
  lease.prompt.ordinal = ordinal;
  lease.prompt.tokens = RandomTokens(policy, static_cast<uint64_t>(ordinal), work.prompt_tokens);
  lease.prompt.tokens[0] = static_cast<int32_t>(2 + ordinal % work.prompts);
  lease.sampling.group_size = static_cast<int32_t>(work.group_size);
  lease.sampling.max_total_tokens = static_cast<int32_t>(work.max_total_tokens());
  return lease;
}

Rollout::Rollout(const ModelConfig& policy, const Workload& work, int threads,
                 int64_t max_prefill_tokens)
    : policy_(policy), work_(work) {
  const int64_t count = std::min<int64_t>(threads, work.prompts);
  const int64_t prompts_each = (work.prompts + count - 1) / count;
  const EngineConfig config{.max_sequences = prompts_each * work.group_size,
                            .max_prefill_tokens = max_prefill_tokens};
  PlannedLengths lengths;
  for (size_t i = 0; i < work.lengths.size(); ++i)
    lengths[2 + static_cast<int32_t>(i)] = work.lengths[i];
  for (int64_t i = 0; i < count; ++i) {
    auto decoder = MakeCpuDecoder(policy, NumKvBlocks(config, work.max_total_tokens()),
                                  MaxBatchTokens(config));
    engines_.push_back(std::make_unique<Engine>(
        std::make_unique<PlannedDecoder>(std::move(decoder), work.prompt_tokens, lengths), config));
  }
}

void Rollout::SetWeights(const std::shared_ptr<const Weights>& weights) {
  for (const auto& engine : engines_) engine->SetWeights(weights);
}

std::vector<Group> Rollout::RunEngine(size_t index, int64_t first_ordinal) {
  Engine& engine = *engines_[index];
  for (int64_t i = static_cast<int64_t>(index); i < work_.prompts;
       i += static_cast<int64_t>(engines_.size()))
    engine.Add(LeaseOf(work_, policy_, first_ordinal + i, engine.policy_version()));
  std::vector<Group> groups;
  while (!engine.idle())
    for (Group& group : engine.Step()) groups.push_back(std::move(group));
  return groups;
}

std::vector<Group> Rollout::Run(int64_t first_ordinal) {
  std::vector<std::future<std::vector<Group>>> others;
  for (size_t i = 1; i < engines_.size(); ++i)
    others.push_back(std::async(std::launch::async, &Rollout::RunEngine, this, i, first_ordinal));
  std::vector<Group> groups = RunEngine(0, first_ordinal);
  for (auto& other : others)
    for (Group& group : other.get()) groups.push_back(std::move(group));
  std::ranges::sort(groups, {}, [](const Group& group) { return group.prompt.ordinal; });
  return groups;
}

}  // namespace r1zero::bench
