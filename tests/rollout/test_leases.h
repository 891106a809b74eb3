// A small random policy and leases on it, for the tests of the engine and the worker.
#pragma once

#include <memory>
#include <vector>

#include "common/philox.h"
#include "rollout/engine.h"

namespace r1zero {

inline ModelConfig TestPolicy() {
  return {.vocab_size = 23,
          .hidden_size = 20,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 6,
          .intermediate_size = 30,
          .max_positions = 96};
}

inline std::shared_ptr<const Weights> TestWeights(int64_t version) {
  auto weights = std::make_shared<Weights>(InitWeights(TestPolicy(), 100 + version));
  for (float& w : weights->flat) w *= 3;  // so that the next token depends on the ones before
  weights->version = version;
  return weights;
}

// Lease number `ordinal`: its prompt has 1 to 40 tokens, full blocks and partly filled ones.
inline Lease TestLease(int64_t ordinal, int32_t group_size = 5, int64_t version = 0) {
  RandomStream random(77, RandomPurpose::kPrompt, ordinal);
  Lease lease{.id = 1000 + static_cast<uint64_t>(ordinal), .policy_version = version};
  lease.prompt.ordinal = ordinal;
  constexpr int kLengths[] = {1, 10, 15, 16, 17, 31, 32, 33, 40};
  for (int i = kLengths[ordinal % 9]; i > 0; --i)
    lease.prompt.tokens.push_back(static_cast<int32_t>(2 + random.Below(21)));
  lease.sampling.group_size = group_size;
  lease.sampling.max_total_tokens = static_cast<int32_t>(lease.prompt.tokens.size()) + 1 +
                                    static_cast<int32_t>((ordinal * 7) % 45);
  lease.sampling.seed = 5;
  return lease;
}

inline std::vector<Lease> TestLeases(int count) {
  std::vector<Lease> leases;
  for (int i = 0; i < count; ++i) leases.push_back(TestLease(i));
  return leases;
}

inline constexpr int32_t kLongest = 90;  // tokens of the longest sequence: 6 blocks

// Groups of 1 to 8, prompts of 1 to 40 tokens and any room for the completions.
inline std::vector<Lease> MixedLeases(uint64_t seed, int count) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<Lease> leases;
  for (int i = 0; i < count; ++i) {
    Lease lease = TestLease(i, 1 + static_cast<int32_t>(random.Below(8)));
    const auto prompt_tokens = static_cast<int32_t>(lease.prompt.tokens.size());
    lease.sampling.max_total_tokens =
        prompt_tokens + 1 + static_cast<int32_t>(random.Below(kLongest - prompt_tokens));
    leases.push_back(lease);
  }
  return leases;
}

inline std::unique_ptr<Engine> TestEngine(const EngineConfig& config, int64_t version = 0) {
  auto engine = std::make_unique<Engine>(
      MakeCpuDecoder(TestPolicy(), NumKvBlocks(config, TestPolicy().max_positions),
                     MaxBatchTokens(config)),
      config);
  if (version >= 0) engine->SetWeights(TestWeights(version));
  return engine;
}

}  // namespace r1zero
