#include "grpo/estimators.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

constexpr int kResamples = 2000;

// Linear between the two nearest order statistics.
double Quantile(std::span<const double> sorted, double q) {
  const double place = q * static_cast<double>(sorted.size() - 1);
  const size_t below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (place - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

double Mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

double PassAtK(int64_t n, int64_t c, int64_t k) {
  Require(0 <= c && c <= n, "pass@k: ", c, " right of ", n, " samples");
  Require(1 <= k && k <= n, "pass@", k, " needs at least ", k, " samples, there are ", n);
  double none_right = 1;  // C(n - c, k) / C(n, k)
  for (int64_t i = 0; i < k; ++i)
    none_right *= static_cast<double>(std::max<int64_t>(n - c - i, 0)) / static_cast<double>(n - i);
  return 1 - none_right;
}

Estimate MeanWithInterval(std::span<const double> per_problem, uint64_t seed) {
  Require(!per_problem.empty(), "the mean over no problems");
  RandomStream random(seed, RandomPurpose::kBootstrap);
  const int64_t n = static_cast<int64_t>(per_problem.size());
  std::vector<double> means;
  means.reserve(kResamples);
  for (int r = 0; r < kResamples; ++r) {
    double sum = 0;
    for (int64_t i = 0; i < n; ++i) sum += per_problem[static_cast<size_t>(random.Below(n))];
    means.push_back(sum / static_cast<double>(n));
  }
  std::sort(means.begin(), means.end());
  return {Mean(per_problem), Quantile(means, 0.025), Quantile(means, 0.975)};
}

}  // namespace r1zero
