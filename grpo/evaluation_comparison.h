// An evaluation against another one of the same problems.
#pragma once

#include <cstdint>
#include <span>

#include "grpo/estimators.h"
#include "grpo/evaluated_problem.h"
#include "grpo/paired.h"

namespace r1zero {

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

}  // namespace r1zero
