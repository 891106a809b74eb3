// The model shapes that everything is measured at.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>

#include "policy/model_config.h"

namespace r1zero::bench {

struct Shape {
  const char* name;
  ModelConfig policy;
};

inline ModelConfig Llama(int64_t vocab_size, int64_t hidden_size, int64_t layers, int64_t heads,
                         int64_t kv_heads, int64_t intermediate_size, int64_t max_positions) {
  return {.vocab_size = vocab_size,
          .hidden_size = hidden_size,
          .num_layers = layers,
          .num_heads = heads,
          .num_kv_heads = kv_heads,
          .head_width = hidden_size / heads,
          .intermediate_size = intermediate_size,
          .max_positions = max_positions};
}

// The demo's policy (0.3M parameters), two small ones that many cores hold in their caches (0.9M and
// 5.2M), the shape of HuggingFaceTB/SmolLM2-135M, and one between (31M). All with tied embeddings.
// bench/peers/models.py has the same ones.
inline const std::array<Shape, 5>& Shapes() {
  static const std::array<Shape, 5> shapes{{{"signs", Llama(121, 96, 3, 4, 4, 256, 4352)},
                                            {"T1", Llama(512, 128, 4, 4, 4, 384, 4352)},
                                            {"T5", Llama(512, 256, 6, 4, 4, 768, 4352)},
                                            {"SmolLM2", Llama(49152, 576, 30, 9, 3, 1536, 4352)},
                                            {"M30", Llama(8192, 512, 8, 8, 8, 1536, 4352)}}};
  return shapes;
}

}  // namespace r1zero::bench
