#include "tasks/task_config.h"

#include "common/error.h"

namespace r1zero {

void Describe(Fields& f, TaskConfig& c) {
  f.Key("name", c.name, "where prompts come from",
        {"signs", "countdown", "jsonl", "data", "word_sums"});
  f.Key("file", c.file, "jsonl, countdown, data: file of training problems");
  f.Key("held_out_file", c.held_out_file,
        "jsonl, data: file of held-out problems; empty: the last tenth of file");
  f.Key("held_out", c.held_out, "held-out problems to evaluate on; of a file, at most",
        {.min = 1, .max = 1e6});
  f.Key("prompt_template", c.prompt_template,
        "prompt text: {prompt} (jsonl, data, word_sums); {numbers} or {number_list}, and {target} "
        "(countdown)");
  f.Key("most_numbers", c.most_numbers, "countdown: three to so many numbers in a problem",
        {.min = 3, .max = 6});
  f.Key("largest_number", c.largest_number, "countdown: numbers are generated from 1 to this",
        {.min = 5, .max = 999});
  Describe(f, c.data);
  f.Section("mix", "pretraining texts of signs and countdown", [&] { Describe(f, c.mix); });
}

void RequireNoNumberRange(const TaskConfig& c, const std::string& task) {
  const TaskConfig defaults;
  Require(
      c.most_numbers == defaults.most_numbers && c.largest_number == defaults.largest_number,
      "task.most_numbers or task.largest_number is set, but only countdown generates from them, "
      "not ",
      task, "; leave them out");
}

}  // namespace r1zero
