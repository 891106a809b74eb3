// Two evaluations of the same problems, compared problem by problem.
#pragma once

#include <cstdint>
#include <span>

#include "grpo/estimators.h"

namespace r1zero {

// What a problem's `samples` tries came to: how many were right.
struct Tally {
  int64_t right = 0, samples = 0;
};

struct PairedComparison {
  Estimate difference;  // mean of (b's share right - a's) over problems, paired bootstrap interval
  double p_value = 1;   // of the sign-flip test, two-sided
  int64_t better = 0, worse = 0, equal = 0;  // problems that b solves more, less, as often
};

// a[i] and b[i] are of the same problem. The test: if a and b were the same policy, each problem's
// difference could as well have the other sign; p is the share of all 2^n choices of signs whose sum
// is at least as far from 0. Exact, unless there are so many problems and samples that it would take
// more than about 2e9 additions: then from 20,000 choices drawn with `seed`. Error if there are no
// problems, or not as many of each.
PairedComparison ComparePaired(std::span<const Tally> a, std::span<const Tally> b, uint64_t seed);

// The same test for one yes or no a problem (greedy decoding, a majority vote): two-sided p of the
// exact binomial test on the problems that only one of the two solves (McNemar).
double McNemarExact(int64_t only_a, int64_t only_b);

}  // namespace r1zero
