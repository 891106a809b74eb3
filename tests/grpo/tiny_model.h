// The policy that tests of the learner train, and advantages for its groups.
#pragma once

#include <cstdint>
#include <vector>

#include "grpo/learner.h"

namespace r1zero {

inline constexpr int32_t kVocab = 17;
inline constexpr int64_t kGroupSize = 4;

inline ModelConfig TinyModel(int64_t vocab_size = kVocab, int64_t max_positions = 32) {
  return {.vocab_size = vocab_size,
          .hidden_size = 16,
          .num_layers = 2,
          .num_heads = 2,
          .num_kv_heads = 1,
          .head_width = 8,
          .intermediate_size = 24,
          .max_positions = max_positions};
}

// Fixed and of both signs, with a zero among them.
inline std::vector<float> SomeAdvantages(const std::vector<Group>& groups) {
  std::vector<float> advantages;
  for (size_t i = 0; i < groups.size() * kGroupSize; ++i)
    advantages.push_back(static_cast<float>(static_cast<int>(i * 7 % 5) - 2) * 0.6f);
  return advantages;
}

}  // namespace r1zero
