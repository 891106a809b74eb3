// Evaluations as JSON: the trainer's for summary.json and base.json, and that of rows.
#pragma once

#include <string>

#include "grpo/evaluation_comparison.h"
#include "grpo/evaluation_summary.h"
#include "grpo/evaluator.h"
#include "grpo/json_file.h"

namespace r1zero {

// {"temperature", "problems", "samples", "pass@1": v, "pass@1_ci": [low, high], ..., "maj@1" (if it
// was measured), ..., "format", "mean_length", "clipped_ratio", "tries" (the first counted word in a
// completion), each with its _ci, "words": {"wait": v}, "words_ci": {"wait": [low, high]}}
Json ToJson(const Evaluation& evaluation);

// Error naming `where` if it is not what ToJson writes.
Evaluation EvaluationFromJson(const Json& json, const std::string& where);

// The same names.
Json ToJson(const EvaluationSummary& summary);
Json ToJson(const EvaluationComparison& comparison);

std::string TemperatureName(double temperature);  // "0.6"

}  // namespace r1zero
