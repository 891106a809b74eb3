// What an evaluation writes of each problem: one row of a JSONL file (docs/evaluation.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "grpo/json_file.h"
#include "grpo/majority.h"
#include "grpo/paired.h"
#include "rollout/group.h"

namespace r1zero {

const char* FinishReasonName(FinishReason reason);  // "stop", "length" or "stop_string"

struct EvaluatedSample {
  bool right = false;      // judged correct, and not cut off
  bool undecided = false;  // the verifier could not judge it
  bool format = false;     // <think>..</think><answer>..</answer> and nothing else
  FinishReason finish_reason = FinishReason::kStop;
  int64_t tokens = 0;     // the end token included
  std::string reason;     // the verifier's code, or truncated
  std::string extracted;  // the answer in normal form; empty: none
  std::string text;
};

struct EvaluatedProblem {
  int64_t row = 0;  // of the data file, counted from 1
  std::string prompt, gold;
  std::string prompt_sha256;  // of the prompt as the policy saw it
  std::vector<EvaluatedSample> samples;

  bool undecided() const;
  Tally tally() const;
  std::vector<Vote> votes() const;  // one a sample
  int64_t tokens() const;           // of all samples
};

// {"row", "prompt_sha256", "samples": 16, "right": 3, "prompt", "gold", "completions": [{"right",
// "reason", "extracted", "format", "tokens", "finish_reason", "text"}]}. "undecided": true is there
// only where it is so.
Json ToJson(const EvaluatedProblem& problem);
// Error with `where` for anything else.
EvaluatedProblem EvaluatedProblemFromJson(const Json& json, const std::string& where);

}  // namespace r1zero
