#include "tasks/mixture.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "common/error.h"
#include "common/philox.h"

namespace r1zero {
namespace {

constexpr uint64_t kCycleStream = ~uint64_t{0};  // no epoch of a shuffle has this number

std::vector<int64_t> SharesOf(std::span<const double> weights) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const bool is_whole =
      std::all_of(weights.begin(), weights.end(), [](double w) { return w == std::floor(w); });
  if (!is_whole || sum > static_cast<double>(Mixture::kLongestCycle))
    return Apportion(weights, Mixture::kLongestCycle);
  std::vector<int64_t> shares(weights.begin(), weights.end());
  int64_t divisor = 0;
  for (const int64_t share : shares) divisor = std::gcd(divisor, share);
  for (int64_t& share : shares) share /= divisor;
  return shares;
}

// The set whose next turn is due first among those whose turn has come.
int NextSet(std::span<const int64_t> shares, std::span<const int64_t> taken, int64_t cycle,
            int64_t place) {
  int best = -1;
  int64_t best_deadline = 0;
  for (int set = 0; set < static_cast<int>(shares.size()); ++set) {
    const int64_t share = shares[static_cast<size_t>(set)], turn = taken[static_cast<size_t>(set)];
    const int64_t deadline = ((turn + 1) * cycle + share - 1) / share;
    if (turn == share || turn * cycle / share > place) continue;
    if (best < 0 || deadline < best_deadline) {
      best = set;
      best_deadline = deadline;
    }
  }
  return best;
}

}  // namespace

Mixture::Mixture(std::span<const double> weights) : at_(weights.size()) {
  Require(!weights.empty() && weights.size() <= 1000, weights.size(),
          " weights, expected 1 to 1000");
  for (const double weight : weights)
    Require(std::isfinite(weight) && weight > 0, "a weight is ", weight, ", expected above 0");
  shares_ = SharesOf(weights);
  const int64_t cycle = std::accumulate(shares_.begin(), shares_.end(), int64_t{0});
  std::vector<int64_t> taken(shares_.size());
  for (int64_t place = 0; place < cycle; ++place) {
    const int set = NextSet(shares_, taken, cycle, place);
    ++taken[static_cast<size_t>(set)];
    sets_.push_back(set);
    at_[static_cast<size_t>(set)].push_back(static_cast<int32_t>(place));
  }
}

Mixture::Place Mixture::At(uint64_t seed, int64_t ordinal) const {
  Require(ordinal >= 0, "a prompt's number is ", ordinal, ", expected at least 0");
  const int64_t start = RandomStream(seed, RandomPurpose::kPrompt, kCycleStream).Below(cycle());
  const int64_t place = start + ordinal;
  const int set = sets_[static_cast<size_t>(place % cycle())];
  return {set, Before(set, place) - Before(set, start)};
}

int64_t Mixture::Before(int set, int64_t place) const {
  const std::vector<int32_t>& at = at_[static_cast<size_t>(set)];
  const auto in_cycle = std::lower_bound(at.begin(), at.end(), place % cycle()) - at.begin();
  return place / cycle() * share(set) + in_cycle;
}

std::vector<int64_t> Apportion(std::span<const double> weights, int64_t total) {
  const auto count = static_cast<int64_t>(weights.size());
  Require(1 <= count && count <= total, count, " shares of ", total, ", expected at least 1 each");
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  std::vector<int64_t> shares;
  std::vector<std::pair<double, size_t>> remainders;  // negative, to sort the largest first
  for (size_t i = 0; i < weights.size(); ++i) {
    const double due = weights[i] / sum * static_cast<double>(total);
    shares.push_back(std::max<int64_t>(1, static_cast<int64_t>(due)));
    remainders.emplace_back(static_cast<double>(shares.back()) - due, i);
  }
  std::sort(remainders.begin(), remainders.end());
  int64_t left = total - std::accumulate(shares.begin(), shares.end(), int64_t{0});
  for (size_t i = 0; left > 0; i = (i + 1) % remainders.size(), --left)
    ++shares[remainders[i].second];
  for (; left < 0; ++left) --*std::max_element(shares.begin(), shares.end());
  return shares;
}

}  // namespace r1zero
