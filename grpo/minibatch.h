// A rollout's groups become mini-batches, one an optimizer step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "grpo/batch.h"

namespace r1zero {

// What a shuffle depends on, and nothing else does.
struct ShuffleKey {
  uint64_t seed = 0;
  int64_t step = 0, epoch = 0;
};

// Whole groups, as evenly as they divide: all in order if there is one mini-batch, else shuffled by
// the key. Every completion is in exactly one; with fewer groups than mini-batches some are empty.
// The sequences point into `groups`. Error if the advantages are not one a completion.
std::vector<std::vector<TrainingSequence>> MakeMinibatches(std::span<const Group> groups,
                                                           std::span<const float> advantages,
                                                           int64_t minibatches,
                                                           const ShuffleKey& key);

}  // namespace r1zero
