#include "grpo/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

constexpr double kMostAdditions = 2e9;
constexpr int kDraws = 20000;
constexpr uint64_t kSignStream = 1;  // of the bootstrap's random numbers

// Differences of shares as whole numbers: all times one common denominator, less common factors.
std::vector<int64_t> WholeDifferences(std::span<const Tally> a, std::span<const Tally> b) {
  int64_t denominator = 1;
  for (const auto& side : {a, b})
    for (const Tally& tally : side) {
      denominator = std::lcm(denominator, tally.samples);
      Require(denominator < int64_t{1} << 40, "the numbers of samples have no common multiple ",
              "below 2^40; compare evaluations that have as many samples a problem");
    }
  std::vector<int64_t> differences;
  int64_t divisor = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    differences.push_back(b[i].right * (denominator / b[i].samples) -
                          a[i].right * (denominator / a[i].samples));
    divisor = std::gcd(divisor, differences.back());
  }
  if (divisor > 1)
    for (int64_t& difference : differences) difference /= divisor;
  return differences;
}

// chance[s + reach]: that the sum of randomly signed differences is s.
double ExactP(std::span<const int64_t> differences, int64_t reach, int64_t observed) {
  std::vector<double> chance(static_cast<size_t>(2 * reach + 1)), next(chance.size());
  chance[reach] = 1;
  int64_t reached = 0;
  for (const int64_t difference : differences) {
    const int64_t step = std::abs(difference);
    if (step == 0) continue;
    std::fill(next.begin(), next.end(), 0);
    for (int64_t s = reach - reached; s <= reach + reached; ++s) {
      next[s - step] += chance[s] / 2;
      next[s + step] += chance[s] / 2;
    }
    reached += step;
    chance.swap(next);
  }
  double p = 0;
  for (int64_t s = -reach; s <= reach; ++s)
    if (std::abs(s) >= std::abs(observed)) p += chance[s + reach];
  return std::min(1.0, p);
}

// With the observed signs as one of the draws, so that p is never 0.
double DrawnP(std::span<const int64_t> differences, int64_t observed, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kBootstrap, kSignStream);
  int as_far = 1;
  for (int draw = 0; draw < kDraws; ++draw) {
    int64_t sum = 0;
    for (const int64_t difference : differences)
      sum += (random() & 1) != 0 ? difference : -difference;
    as_far += std::abs(sum) >= std::abs(observed);
  }
  return static_cast<double>(as_far) / (kDraws + 1);
}

double SignFlipP(std::span<const int64_t> differences, uint64_t seed) {
  int64_t reach = 0, observed = 0;
  for (const int64_t difference : differences) {
    reach += std::abs(difference);
    observed += difference;
  }
  const double additions =
      2.0 * static_cast<double>(reach) * static_cast<double>(differences.size());
  return additions <= kMostAdditions ? ExactP(differences, reach, observed)
                                     : DrawnP(differences, observed, seed);
}

void CheckTallies(std::span<const Tally> side) {
  for (const Tally& tally : side)
    Require(tally.samples >= 1 && tally.right >= 0 && tally.right <= tally.samples,
            "a comparison: ", tally.right, " right of ", tally.samples, " samples");
}

}  // namespace

PairedComparison ComparePaired(std::span<const Tally> a, std::span<const Tally> b, uint64_t seed) {
  Require(!a.empty() && a.size() == b.size(), "a paired comparison of ", a.size(), " and ",
          b.size(), " problems, expected as many and at least one");
  CheckTallies(a);
  CheckTallies(b);
  const auto share = [](const Tally& t) {
    return static_cast<double>(t.right) / static_cast<double>(t.samples);
  };
  std::vector<double> differences;
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(share(b[i]) - share(a[i]));
  const std::vector<int64_t> whole = WholeDifferences(a, b);
  PairedComparison c{.difference = MeanWithInterval(differences, seed),
                     .p_value = SignFlipP(whole, seed)};
  c.better = std::ranges::count_if(whole, [](int64_t d) { return d > 0; });
  c.worse = std::ranges::count_if(whole, [](int64_t d) { return d < 0; });
  c.equal = static_cast<int64_t>(whole.size()) - c.better - c.worse;
  return c;
}

double McNemarExact(int64_t only_a, int64_t only_b) {
  Require(only_a >= 0 && only_b >= 0, "McNemar's test of ", only_a, " and ", only_b, " problems");
  const int64_t n = only_a + only_b, fewer = std::min(only_a, only_b);
  double tail = 0;
  for (int64_t i = 0; i <= fewer; ++i)
    tail += std::exp(std::lgamma(n + 1.0) - std::lgamma(i + 1.0) - std::lgamma(n - i + 1.0) -
                     static_cast<double>(n) * std::log(2.0));
  return std::min(1.0, 2 * tail);
}

}  // namespace r1zero
