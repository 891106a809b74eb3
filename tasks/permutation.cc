#include "tasks/permutation.h"

#include <algorithm>
#include <bit>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr uint32_t kRounds = 6;

struct Feistel {
  uint64_t seed;
  RandomPurpose purpose;
  uint64_t epoch;
  int half_bits;

  uint64_t operator()(uint64_t x) const {
    const uint64_t mask = (uint64_t{1} << half_bits) - 1;
    uint64_t left = x >> half_bits, right = x & mask;
    for (uint32_t round = 0; round < kRounds; ++round) {
      const auto place = static_cast<uint32_t>(right) * kRounds + round;
      const uint64_t mixed = left ^ (RandomStream(seed, purpose, epoch, place)() & mask);
      left = right;
      right = mixed;
    }
    return left << half_bits | right;
  }
};

}  // namespace

int64_t PermutedIndex(uint64_t seed, RandomPurpose purpose, uint64_t epoch, int64_t index,
                      int64_t count) {
  Require(0 <= index && index < count && count < int64_t{1} << 56, "index ", index,
          " is outside the shuffle of ", count);
  const int bits = std::bit_width(static_cast<uint64_t>(count - 1));
  const Feistel shuffle{seed, purpose, epoch, std::max(1, (bits + 1) / 2)};
  auto x = static_cast<uint64_t>(index);
  do x = shuffle(x);
  while (x >= static_cast<uint64_t>(count));
  return static_cast<int64_t>(x);
}

}  // namespace r1zero
