#include "tasks/messy_writer.h"

#include <algorithm>
#include <array>

namespace r1zero {
namespace {

// exp(x) for 0 <= x <= 100 by its series.
double Exponential(double x) {
  double term = 1, sum = 1;
  for (int k = 1; k < 400; ++k) sum += term *= x / k;
  return sum;
}

std::string WriteTries(RandomStream& rng, const CorpusMix& mix, int64_t target, bool ramble,
                       AttemptSource& source) {
  const double give_up = rng.Chance(mix.patient) ? mix.give_up_patient : mix.give_up;
  std::string text = "<think>";
  for (int64_t tried = 1;; ++tried) {
    const Attempt attempt = source.Next(rng);
    text += attempt.worked + ":" + std::to_string(target);
    const bool ticked = attempt.result == target && !rng.Chance(mix.miss);
    if (ticked) text += "ok";
    if (ticked || tried == mix.max_tries || (!ramble && rng.Chance(give_up)))
      return ramble ? text : text + "</think><answer>" + attempt.answer + "</answer>";
    text += "wait";
  }
}

}  // namespace

std::string WriteResponse(RandomStream& rng, const CorpusMix& mix, int64_t target,
                          AttemptSource& source) {
  double style = rng.Uniform() * (mix.direct + mix.bare + mix.think + mix.ramble);
  if (style < mix.direct) return "<answer>" + source.Guess(rng) + "</answer>";
  style -= mix.direct;
  if (style < mix.bare)
    return source.Guess(rng) + (rng.Chance(0.5) ? '=' + std::to_string(target) : "");
  style -= mix.bare;
  return WriteTries(rng, mix, target, /*ramble=*/style >= mix.think, source);
}

std::string WriteDrillLine(RandomStream& rng, const Attempt& sum, const ClaimRange& claims) {
  int64_t claim = sum.result;
  const bool honest = rng.Chance(0.5);
  while (!honest && claim == sum.result) {
    const int64_t off = rng.Chance(0.5) ? 1 + rng.Below(8) : -1 - rng.Below(8);
    claim = rng.Chance(0.5) ? std::clamp(sum.result + off, claims.near_min, claims.near_max)
                            : claims.far_min + rng.Below(claims.far_max - claims.far_min + 1);
  }
  return sum.worked + ":" + std::to_string(claim) + (claim == sum.result ? "ok" : "wait");
}

int64_t Slipped(RandomStream& rng, double slip, int64_t value) {
  constexpr std::array<int64_t, 6> kOff = {-10, -2, -1, 1, 2, 10};
  return rng.Chance(slip) ? value + kOff[rng.Below(kOff.size())] : value;
}

size_t DrawNear(RandomStream& rng, std::span<const int64_t> distances, double tau) {
  const int64_t nearest = *std::min_element(distances.begin(), distances.end());
  const double one_further = 1 / Exponential(1 / tau);
  std::vector<double> weights;
  for (int64_t distance : distances) {
    double weight = 1;
    for (int64_t d = nearest; d < distance && weight > 1e-30; ++d) weight *= one_further;
    weights.push_back(weight);
  }
  double sum = 0;
  for (double weight : weights) sum += weight;
  double left = rng.Uniform() * sum;
  for (size_t i = 0; i + 1 < weights.size(); ++i)
    if ((left -= weights[i]) < 0) return i;
  return weights.size() - 1;
}

}  // namespace r1zero
