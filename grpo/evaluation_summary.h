// What the rows of an evaluation come to, with confidence intervals, and against another's.
#pragma once

#include <optional>
#include <span>
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

// The first of `ours` minus `theirs`, on the problems that both judged.
struct EvaluationComparison {
  int64_t problems = 0;
  int64_t only_ours = 0, only_theirs = 0;  // problems that the other one does not have
  Estimate pass_at_1_theirs, pass_at_1_ours;
  PairedComparison pass_at_1;   // a: theirs, b: ours
  int64_t majority_gained = 0;  // problems that only our majority vote solves
  int64_t majority_lost = 0;    // only theirs
  double majority_p_value = 1;  // McNemar's exact test
};

// Problems are paired by row if `same_file`, else by the SHA-256 of their prompts. A majority vote
// solves a problem if more than half of its winners are right. Error if no problem is in both.
EvaluationComparison Compare(std::span<const EvaluatedProblem> ours,
                             std::span<const EvaluatedProblem> theirs, bool same_file,
                             uint64_t seed);

// "pass@1" and "pass@1_ci" beside each other, as in summary.json.
Json ToJson(const EvaluationSummary& summary);
Json ToJson(const EvaluationComparison& comparison);

}  // namespace r1zero
