// summary.json: the result of a run, for people and for scripts.
#pragma once

#include <string>
#include <vector>

#include "grpo/checkpoint.h"
#include "grpo/evaluator.h"

namespace r1zero {

struct Summary {
  std::string run, task, device;
  std::string simd;  // of the learner's CPU kernels (kernels/simd.h)
  uint64_t seed = 0;
  std::vector<Evaluation> base, final;  // one a temperature
  TrainerProgress progress;
  double seconds_pretraining = 0, seconds_total = 0;
  int64_t pretrain_tokens = 0;
  bool base_was_cached = false;
  std::vector<std::pair<std::string, double>> readiness;
  std::string base_sha256, weight_sha256;
};

// {"base": {"pass@1": ..., "pass@8": ..., "format": ..., "mean_length": ..., "pass@1_ci": [l, h],
// ...,
//  "temperature_0.6": {...}}, "final": {...}, "steps", "tokens": {...}, "seconds": {...},
//  "weight_sha256"}. The plain keys are those of the first temperature; the base has none if it was
// not measured like that (problems, samples, temperature). "verdict" then says so.
std::string SummaryJson(const Summary& summary);

// The same as a table for the terminal, with a sentence on what it shows and what it does not.
std::string SummaryText(const Summary& summary);

}  // namespace r1zero
