// pass@k and confidence intervals.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace r1zero {

// Unbiased pass@k of one problem: 1 - C(n - c, k) / C(n, k), for c right of n samples
// (https://arxiv.org/abs/2107.03374, section 2.1). Error if k > n.
double PassAtK(int64_t n, int64_t c, int64_t k);

struct Estimate {
  double value = 0;
  double low = 0, high = 0;  // 95% confidence interval
};

// The mean over problems with a percentile-bootstrap interval over problems (2,000 resamples,
// seeded).
Estimate MeanWithInterval(std::span<const double> per_problem, uint64_t seed);

}  // namespace r1zero
