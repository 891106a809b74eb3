// What the rows of an evaluation come to, with confidence intervals.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "grpo/estimators.h"
#include "grpo/evaluated_problem.h"

namespace r1zero {

struct EvaluationSummary {
  int64_t problems = 0, samples = 0;                  // problems that were judged; samples of each
  std::vector<int64_t> undecided_rows;                // left out of all that follows
  std::vector<std::pair<int64_t, Estimate>> pass_at;  // k = 1, 2, 4, ... and samples
  std::vector<std::pair<int64_t, Estimate>> maj_at;   // the same k
  Estimate format, mean_length, truncated;            // as in grpo/evaluator.h
  std::vector<std::pair<std::string, int64_t>>
      reasons;         // completions by verdict, most frequent first
  int64_t tokens = 0;  // of all completions, undecided ones too
};

// Intervals are bootstrapped over problems with `seed`. The order of the problems does not matter.
// Error if no problem could be judged, or if one has another number of samples than the first.
EvaluationSummary Summarise(std::vector<EvaluatedProblem> problems, uint64_t seed);

}  // namespace r1zero
