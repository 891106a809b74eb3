// Which rows of the sets are trained on and which are held out, after one pass over each file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tasks/pass_rates.h"
#include "tasks/problem_rows.h"
#include "tasks/row_order.h"

namespace r1zero {

struct SetFiles {
  std::unique_ptr<const ProblemRows> training;
  std::unique_ptr<const ProblemRows> held_out;  // null: the last tenth of `training`
};

struct SplitOptions {
  std::function<int64_t(const std::string& prompt)> count_tokens;  // asked only if there is a bound
  int64_t max_prompt_tokens = 0;                                   // 0: none
  const PassRates* pass_rates = nullptr;                           // null: all rows are kept
  double pass_rate_min = 0, pass_rate_max = 1;
  bool easy_first = false;
};

// What became of a set's rows.
struct SetReport {
  std::string path, format;
  int64_t rows = 0, training = 0, candidates = 0;  // candidates: to be held out
  int64_t bad = 0, too_long = 0, asked_held_out = 0, unmeasured = 0, outside_rates = 0;
  std::string first_bad;
};
// "train.jsonl: 7473 rows read as GSM8K: 6720 to train on, ...; left out: ..."
std::string ToText(const SetReport& report);

struct SplitSet {
  RowOrder training;
  std::vector<Problem>
      held_out;  // distinct, in the file's order, at most as many as were asked for
  SetReport report;
};

// `held_out`: how many to hold out of each set at most. A prompt that may be held out, by any of the sets
// and whether chosen or not, is trained on in none. Error if a set has nothing to train on left, or all of them nothing to
// hold out.
std::vector<SplitSet> SplitSets(const std::vector<SetFiles>& sets,
                                const std::vector<int64_t>& held_out, const SplitOptions& options);

}  // namespace r1zero
