// What an evaluation while training comes to.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "grpo/estimators.h"
#include "grpo/metrics.h"

namespace r1zero {

struct Evaluation {
  double temperature = 1;
  int64_t problems = 0, samples = 0;
  std::vector<std::pair<int64_t, Estimate>> pass_at;  // k = 1, 2, 4, ... samples
  // The same k up to 64, if there are at most 1000 samples and some completion has an answer.
  std::vector<std::pair<int64_t, Estimate>> maj_at;
  Estimate format;       // share of completions whose part "format" scores 1; 0 without such a part
  Estimate mean_length;  // tokens of a completion
  Estimate truncated;    // share cut off by the limit
  std::vector<std::pair<std::string, Estimate>> counts;  // counted words per completion
};

// <prefix>pass@1, <prefix>pass@1_low, <prefix>pass@1_high (95% interval), <prefix>maj@1,
// <prefix>format, ...
Metrics EvaluationMetrics(const Evaluation& evaluation, const std::string& prefix);

// The one at the same temperature, of as many problems and samples: only like things are compared.
const Evaluation* FindLike(std::span<const Evaluation> evaluations, const Evaluation& like);

// pass@k, maj@k for one k, if it was measured.
const Estimate* FindPassAt(const Evaluation& evaluation, int64_t k);
const Estimate* FindMajAt(const Evaluation& evaluation, int64_t k);

}  // namespace r1zero
