#include "kernels/truncation.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <span>
#include <vector>

namespace r1zero::kernels {
namespace {

// Ascends by logit descending, then by id.
uint64_t RankKey(float logit, int32_t token) {
  const auto bits = std::bit_cast<uint32_t>(logit + 0.0f);  // -0 ranks as 0
  const uint32_t ascending = bits >> 31 ? ~bits : bits | 0x80000000u;
  return uint64_t{~ascending} << 32 | static_cast<uint32_t>(token);
}

// The tokens of a row by rank; sorted no further than has been asked for.
class RankedTokens {
 public:
  RankedTokens(const float* logits_V, int64_t V) : keys_(Buffer(V)) {
    for (int64_t v = 0; v < V; ++v) keys_[v] = RankKey(logits_V[v], static_cast<int32_t>(v));
  }
  int32_t operator[](int64_t rank) {
    if (rank >= sorted_) SortTo(std::max<int64_t>(rank + 1, sorted_ == 0 ? 64 : 8 * sorted_));
    return static_cast<int32_t>(keys_[rank]);
  }

 private:
  static std::span<uint64_t> Buffer(int64_t V) {
    thread_local std::vector<uint64_t> buffer;
    buffer.resize(V);
    return buffer;
  }
  void SortTo(int64_t count) {
    const auto begin = keys_.begin() + sorted_;
    const auto end = keys_.begin() + std::min<int64_t>(count, keys_.size());
    sorted_ = end - keys_.begin();
    if (16 * (end - begin) <= keys_.end() - begin) {  // a small heap: few comparisons a token
      std::partial_sort(begin, end, keys_.end());
    } else {
      if (end != keys_.end()) std::nth_element(begin, end, keys_.end());
      std::sort(begin, end);
    }
  }
  const std::span<uint64_t> keys_;
  int64_t sorted_ = 0;
};

// Of the first `limit` tokens, in rank order unless that is all of them.
double MassOf(RankedTokens& ranked, const float* p_V, int64_t V, int64_t limit) {
  if (limit == V) return std::accumulate(p_V, p_V + V, 0.0);
  double mass = 0;
  for (int64_t rank = 0; rank < limit; ++rank) mass += p_V[ranked[rank]];
  return mass;
}

}  // namespace

void KeepTokens(const float* logits_V, const float* p_V, int64_t V, const SamplerParams& params,
                TokenSet& kept) {
  RankedTokens ranked(logits_V, V);
  const int64_t limit = params.top_k > 0 ? std::min<int64_t>(params.top_k, V) : V;
  const double nucleus = params.top_p < 1 ? params.top_p * MassOf(ranked, p_V, V, limit) : HUGE_VAL;
  const float least = params.min_p * p_V[ranked[0]];
  kept.Clear();
  double kept_mass = 0;
  for (int64_t rank = 0; rank < limit; ++rank) {
    const float p = p_V[ranked[rank]];
    if (rank > 0 && (kept_mass >= nucleus || p < least)) break;
    kept_mass += p;
    kept.Add(ranked[rank]);
  }
}

}  // namespace r1zero::kernels
