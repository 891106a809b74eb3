// What r1zero eval prints, and the JSON that --json writes.
#pragma once

#include <optional>
#include <string>

#include "grpo/evaluation_comparison.h"
#include "services/evaluation_run.h"

namespace r1zero {

struct EvaluationResult {
  EvaluationSummary summary;
  std::optional<EvaluationComparison> comparison;
  std::string compared_with;  // its file
  double price_per_hour = 0;  // 0: not given
};

std::string EvaluationText(const EvaluationRun& run, const EvaluationResult& result);
Json EvaluationReport(const EvaluationRun& run, const EvaluationResult& result);

}  // namespace r1zero
