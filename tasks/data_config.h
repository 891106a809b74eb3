// The keys of [task] that `data` reads (docs/data.md), and of which `word_sums` reads style and system.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.h"

namespace r1zero {

struct DataConfig {
  std::vector<std::string> files;           // several sets; task.file is a single one
  std::vector<std::string> weights;         // numbers above 0, one a set; empty: equal
  std::vector<std::string> held_out_files;  // one a set, "" for its last tenth; empty: all so
  std::string answer_column;                // "": found; "none": the rewards need no answer
  std::string style = "plain";              // how a conversation becomes a prompt
  std::string system;                       // of conversations without a system message; "": none
  int64_t max_prompt_tokens = 0;            // longer prompts are left out; 0: none are
  std::string bad_rows = "stop";
  std::string curriculum = "none";
  std::string pass_rates;  // what `r1zero eval` measured
  double pass_rate_min = 0, pass_rate_max = 1;
};
void Describe(Fields& f, DataConfig& c);

// The weights as numbers, `sets` of them. Error naming the one that is not above 0, or their number.
std::vector<double> WeightsOf(const DataConfig& c, size_t sets);

// Error naming a key if the keys make no sense together.
void Check(const DataConfig& c);
// Error naming the first key that is not at its default: `task` does not read it.
void RequireUnset(const DataConfig& c, const std::string& task);

}  // namespace r1zero
