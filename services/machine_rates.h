// How fast this machine runs the project's kernels at a run's shapes, measured in about two seconds.
#pragma once

#include <cstdint>

#include "policy/model_config.h"

namespace r1zero {

// Of all cores asked for together, each with matrices of its own: a second, operations or bytes.
struct MachineRates {
  double decode_products = 0;    // MatMul over the rows of a decode step
  double tile_products = 0;      // MatMul over a tile of a prefill or a training pass
  double gradient_products = 0;  // AccumulateWeightGradient
  double decode_attention = 0;   // rows of different sequences
  double tile_attention = 0;     // rows of one sequence
  double memory_bytes = 0;       // read and written by AdamW, beyond the caches
  double hash_bytes = 0;         // SHA-256, one core
};

// decode_rows: sequences that a worker decodes together. keys: that a row sees on average.
MachineRates MeasureRates(const ModelConfig& model, int64_t decode_rows, int64_t keys, int cores);

// Of so many times the cores: all rates but that of hashing, which one core does.
MachineRates Scaled(const MachineRates& rates, double times);

}  // namespace r1zero
