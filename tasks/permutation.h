// A shuffle of 0..count-1 of which any one place can be computed alone.
#pragma once

#include <cstdint>

#include "common/philox.h"

namespace r1zero {

// Where `index` goes in the shuffle (seed, purpose, epoch) of `count` things. A Feistel network
// with Philox as its round function, walked until it lands inside 0..count-1 (Black and Rogaway,
// "Ciphers with arbitrary finite domains", 2002): a few dozen Philox blocks, no table. 0 <= index <
// count.
int64_t PermutedIndex(uint64_t seed, RandomPurpose purpose, uint64_t epoch, int64_t index,
                      int64_t count);

}  // namespace r1zero
