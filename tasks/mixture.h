// Which of several sets each prompt comes from, in fixed shares.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace r1zero {

// A cycle of sets, repeated for ever, entered at a place of the seed's. In a cycle of length L set i
// stands share(i) times; its j-th time (from 0) falls into places floor(j L / share) to
// ceil((j+1) L / share) - 1, earliest deadline first, so that at every place it has been asked for less
// than one more or less than its due (Baruah, Cohen, Plaxton and Varvel, "Proportionate progress",
// 1996). Immutable, thread-safe.
class Mixture {
 public:
  static constexpr int64_t kLongestCycle = 10000;

  // Weights that are whole numbers with a sum of at most kLongestCycle are met exactly, others to
  // within 1/kLongestCycle; each set has a place in the cycle. Error unless all are above 0 and finite
  // and there are 1 to 1000.
  explicit Mixture(std::span<const double> weights);

  struct Place {
    int set = 0;
    int64_t number = 0;  // how many prompts before this one came from the set
  };
  // Of prompt `ordinal` >= 0.
  Place At(uint64_t seed, int64_t ordinal) const;

  int64_t cycle() const { return static_cast<int64_t>(sets_.size()); }
  int64_t share(int set) const { return shares_[static_cast<size_t>(set)]; }

 private:
  int64_t Before(int set,
                 int64_t place) const;  // times of `set` before a place of the endless cycle

  std::vector<int64_t> shares_;
  std::vector<int32_t> sets_;             // by place in the cycle
  std::vector<std::vector<int32_t>> at_;  // by set: the places where it stands, ascending
};

// Whole numbers with the sum `total`, at least 1 each, as near to the weights as can be (largest
// remainders, the first of equal ones). 1 <= weights.size() <= total.
std::vector<int64_t> Apportion(std::span<const double> weights, int64_t total);

}  // namespace r1zero
