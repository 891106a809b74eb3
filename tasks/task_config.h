// [task]: where prompts come from.
#pragma once

#include <cstdint>
#include <string>

#include "common/config.h"
#include "tasks/corpus_mix.h"
#include "tasks/data_config.h"

namespace r1zero {

struct TaskConfig {
  std::string name = "signs";
  std::string file;  // jsonl, countdown, data: training problems; empty for a generated task
  std::string held_out_file;  // jsonl, data: held-out problems; empty: the tail of `file`
  int64_t held_out = 500;     // held-out problems to evaluate on (of a file: at most)
  std::string
      prompt_template;  // jsonl, countdown, data: how a row becomes the prompt; empty: the task's own
  int64_t most_numbers = 4, largest_number = 99;  // countdown: what is generated
  DataConfig data;                                // data; its keys stand in [task] itself
  CorpusMix mix;                                  // signs, countdown: the pretraining texts
};
void Describe(Fields& f, TaskConfig& c);

// Error if what only countdown generates from is set for `task`.
void RequireNoNumberRange(const TaskConfig& c, const std::string& task);

}  // namespace r1zero
