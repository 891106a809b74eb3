// What Hugging Face calls a family, and what its transformers fills in where a config.json is silent.
#pragma once

#include <array>

#include "policy/model_config.h"

namespace r1zero {

struct FamilyFacts {
  ModelFamily family;
  const char* model_type;
  const char* architecture;
  int64_t kv_heads;        // 0: as many as query heads
  int64_t head_width;      // 0: hidden_size / query heads
  int64_t max_positions;   // max_position_embeddings
  int64_t sliding_window;  // 0: none
};

inline constexpr std::array<FamilyFacts, 4> kFamilies{{
    {ModelFamily::kLlama, "llama", "LlamaForCausalLM", 0, 0, 2048, 0},
    {ModelFamily::kMistral, "mistral", "MistralForCausalLM", 8, 0, 131072, 4096},
    {ModelFamily::kQwen2, "qwen2", "Qwen2ForCausalLM", 32, 0, 32768, 0},
    {ModelFamily::kQwen3, "qwen3", "Qwen3ForCausalLM", 32, 128, 32768, 0},
}};

constexpr const FamilyFacts& FactsOf(ModelFamily family) {
  return kFamilies[static_cast<size_t>(family)];
}

}  // namespace r1zero
