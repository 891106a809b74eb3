// Measures a policy on held-out problems, with groups sampled through the ring.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "grpo/estimators.h"
#include "grpo/metrics.h"
#include "rollout/group.h"

namespace r1zero {

// An entry of eval.temperatures. Error unless it is a finite number of at least 0.
double ParseTemperature(const std::string& text);

struct Evaluation {
  double temperature = 1;
  int64_t problems = 0, samples = 0;
  std::vector<std::pair<int64_t, Estimate>> pass_at;  // k = 1, 2, 4, ... samples
  Estimate format;       // share of completions whose part "format" scores 1; 0 without such a part
  Estimate mean_length;  // tokens of a completion
  Estimate truncated;    // share cut off by the limit
  std::vector<std::pair<std::string, Estimate>> counts;  // counted words per completion
};

// A completion is right when its part "accuracy" (or, if there is none, its reward) scores 1 and it
// was not cut off. A completion that a rule could not judge is an Error: an evaluation must not
// guess.
Evaluation Evaluate(std::span<const Group> groups, double temperature,
                    std::span<const std::string> counted_words, uint64_t seed);

// <prefix>pass@1, <prefix>pass@1_low, <prefix>pass@1_high (95% interval), <prefix>format, ...
Metrics EvaluationMetrics(const Evaluation& evaluation, const std::string& prefix);

// The one at the same temperature, of as many problems and samples: only like things are compared.
const Evaluation* FindLike(std::span<const Evaluation> evaluations, const Evaluation& like);

// pass@k for one k, if it was measured.
const Estimate* FindPassAt(const Evaluation& evaluation, int64_t k);

}  // namespace r1zero
