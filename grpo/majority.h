// maj@k: how often the answer that most of k completions give is right.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "grpo/estimators.h"

namespace r1zero {

// What one completion of a problem answers, in the verifier's normal form. An empty answer (none
// was found, or the completion was cut off) is no vote.
struct Vote {
  std::string answer;
  bool right = false;
};

inline constexpr int64_t kMostVotes = 1000;  // binomials up to C(1000, 500) fit a double

// The expected share of right answers among those with the most votes, over all draws of k of the n
// votes without repetition: 1 if the winner is right, 1/2 if it ties with one wrong answer, 0 if
// nobody votes (self-consistency, https://arxiv.org/abs/2203.11171). Of an answer that was judged
// both ways the share of its right votes counts. Exact: summed over what the counts of the answers
// can be, not over draws; O(n k^2 log n). Error unless 1 <= k <= n <= 1000.
double MajorityAtK(std::span<const Vote> votes, int64_t k);

// Its mean over problems, with an interval as that of MeanWithInterval.
Estimate MajorityOver(std::span<const std::vector<Vote>> votes_by_problem, int64_t k,
                      uint64_t seed);

}  // namespace r1zero
