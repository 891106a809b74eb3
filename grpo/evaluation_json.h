// An evaluation as JSON, for summary.json and base.json.
#pragma once

#include <string>

#include "grpo/evaluator.h"
#include "grpo/json_file.h"

namespace r1zero {

// {"temperature", "problems", "samples", "pass@1": v, "pass@1_ci": [low, high], ..., "format",
// "mean_length",
//  "clipped_ratio", "tries" (the first counted word, per completion), each with its _ci,
//  "words": {"wait": v}, "words_ci": {"wait": [low, high]}}
Json ToJson(const Evaluation& evaluation);

// Error naming `where` if it is not what ToJson writes.
Evaluation EvaluationFromJson(const Json& json, const std::string& where);

std::string TemperatureName(double temperature);  // "0.6"

}  // namespace r1zero
