#include "grpo/advantage.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

struct Moments {
  double mean = 0;
  double sum_of_squares = 0;  // of the deviations from the mean
  double Std(double divisor) const { return divisor > 0 ? std::sqrt(sum_of_squares / divisor) : 0; }
};

Moments MomentsOf(std::span<const double> values) {
  const double n = static_cast<double>(values.size());
  Moments m;
  for (double v : values) m.mean += v / n;
  for (double v : values) m.sum_of_squares += (v - m.mean) * (v - m.mean);
  return m;
}

bool AllEqual(std::span<const double> values) {
  return std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; });
}

// Each reward against the others of its group; divided where the others differ among themselves.
void LeaveOneOut(std::span<const double> group, double eps, std::vector<float>& advantages) {
  for (size_t i = 0; i < group.size(); ++i) {
    std::vector<double> others(group.begin(), group.end());
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    const Moments m = MomentsOf(others);
    const double std = AllEqual(others) ? 0 : m.Std(static_cast<double>(others.size()) - 1);
    const double scale = std > 0 ? std + eps : 1;
    advantages.push_back(static_cast<float>((group[i] - m.mean) / scale));
  }
}

}  // namespace

AdvantageStd ParseAdvantageStd(const std::string& name) {
  if (name == "unbiased") return AdvantageStd::kUnbiased;
  if (name == "population") return AdvantageStd::kPopulation;
  if (name == "leave-one-out") return AdvantageStd::kLeaveOneOut;
  if (name == "batch") return AdvantageStd::kBatch;
  if (name == "none") return AdvantageStd::kNone;
  Fail("grpo.advantage_std: unknown '", name,
       "', expected unbiased, population, leave-one-out, batch or none");
}

std::vector<float> Advantages(std::span<const double> rewards, int64_t group_size, AdvantageStd std,
                              double eps) {
  Require(group_size >= 2, "advantages: group size ", group_size, ", expected at least 2");
  Require(rewards.size() % static_cast<size_t>(group_size) == 0, "advantages: ", rewards.size(),
          " rewards do not divide into groups of ", group_size);
  for (size_t i = 0; i < rewards.size(); ++i)
    Require(std::isfinite(rewards[i]), "advantages: reward ", i, " is ", rewards[i],
            ", expected a finite number");

  const double batch_std = std == AdvantageStd::kBatch
                               ? MomentsOf(rewards).Std(static_cast<double>(rewards.size()) - 1)
                               : 0;
  const auto scale_of = [&](const Moments& group) {
    const double n = static_cast<double>(group_size);
    switch (std) {
      case AdvantageStd::kUnbiased: return group.Std(n - 1) + eps;
      case AdvantageStd::kPopulation: return group.Std(n) + eps;
      case AdvantageStd::kBatch: return batch_std + eps;
      default: return 1.0;
    }
  };

  std::vector<float> advantages;
  advantages.reserve(rewards.size());
  for (size_t first = 0; first < rewards.size(); first += static_cast<size_t>(group_size)) {
    const auto group = rewards.subspan(first, static_cast<size_t>(group_size));
    if (AllEqual(group)) {  // exactly 0, whatever rounding the mean has
      advantages.insert(advantages.end(), group.size(), 0.0f);
    } else if (std == AdvantageStd::kLeaveOneOut) {
      LeaveOneOut(group, eps, advantages);
    } else {
      const Moments m = MomentsOf(group);
      for (double reward : group)
        advantages.push_back(static_cast<float>((reward - m.mean) / scale_of(m)));
    }
  }
  return advantages;
}

}  // namespace r1zero
