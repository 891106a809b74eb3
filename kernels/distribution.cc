#include "kernels/distribution.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "common/error.h"

namespace r1zero::kernels {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

bool Penalises(const RowDistribution& d) { return d.seen != nullptr && d.repetition_penalty != 1; }

void RequireValid(const RowDistribution& d, int64_t V) {
  Require(std::isfinite(d.repetition_penalty) && d.repetition_penalty > 0, "repetition_penalty is ",
          d.repetition_penalty, ", expected a number above 0 (1: off)");
  for (const TokenSet* set : {d.kept, d.seen})
    Require(set == nullptr || set->vocab_size() == V, "a set of ",
            set == nullptr ? 0 : set->vocab_size(), " tokens for a row of ", V, " logits");
}

void Mask(const TokenSet& kept, float* logits_V, int64_t V) {
  for (int64_t begin = 0; begin < V; begin += 64) {
    uint64_t left_out = ~kept.words()[begin / 64];
    if (left_out == ~uint64_t{0}) {
      std::fill(logits_V + begin, logits_V + std::min(V, begin + 64), kMasked);
      continue;
    }
    if (V - begin < 64) left_out &= (uint64_t{1} << (V - begin)) - 1;
    for (; left_out != 0; left_out &= left_out - 1)
      logits_V[begin + std::countr_zero(left_out)] = kMasked;
  }
}

}  // namespace

void ApplyDistribution(const RowDistribution& distribution, float* logits_V, int64_t V,
                       std::vector<float>* slopes) {
  RequireValid(distribution, V);
  if (slopes != nullptr) slopes->clear();
  if (Penalises(distribution)) {
    const float penalty = distribution.repetition_penalty;
    distribution.seen->ForEach([&](int32_t v) {
      const bool is_negative = logits_V[v] < 0;
      logits_V[v] = is_negative ? logits_V[v] * penalty : logits_V[v] / penalty;
      if (slopes != nullptr) slopes->push_back(is_negative ? penalty : 1.0f / penalty);
    });
  }
  if (distribution.kept != nullptr) Mask(*distribution.kept, logits_V, V);
}

void ScaleGradient(const RowDistribution& distribution, const std::vector<float>& slopes,
                   float* dlogits_V) {
  if (!Penalises(distribution)) return;
  auto slope = slopes.begin();
  distribution.seen->ForEach([&](int32_t v) { dlogits_V[v] *= *slope++; });
}

}  // namespace r1zero::kernels
