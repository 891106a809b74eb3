// [task]: where prompts come from.
#pragma once

#include <string>

#include "common/config.h"

namespace r1zero {

struct TaskConfig {
  std::string name = "signs";
  std::string file;           // jsonl, countdown: training problems; empty for a generated task
  std::string held_out_file;  // jsonl: held-out problems; empty: the tail of `file`
  int64_t held_out = 500;     // held-out problems to evaluate on
  std::string prompt_template = "{prompt}";  // jsonl, countdown: how a row becomes the prompt text
};
void Describe(Fields& f, TaskConfig& c);

}  // namespace r1zero
