#include "tasks/task.h"

#include "common/error.h"
#include "tasks/countdown.h"
#include "tasks/data_task.h"
#include "tasks/jsonl.h"
#include "tasks/signs.h"
#include "tasks/word_sums.h"

namespace r1zero {

std::unique_ptr<Task> MakeTask(const TaskConfig& config, const PromptReader& reader) {
  Require(config.held_out >= 1, "task.held_out is ", config.held_out, ", expected at least 1");
  Check(config.mix);
  if (config.name == "data") return MakeData(config, reader);
  if (config.name == "word_sums") return MakeWordSums(config, reader);
  RequireUnset(config.data, config.name);
  if (config.name == "signs") return MakeSigns(config);
  if (config.name == "countdown") return MakeCountdown(config);
  if (config.name == "jsonl") return MakeJsonl(config);
  const std::vector<std::string> names = {"signs", "countdown", "jsonl", "data", "word_sums"};
  const auto nearest = NearestName(config.name, names);
  Fail("task.name: unknown task '", config.name,
       "', expected signs, countdown, jsonl, data or "
       "word_sums",
       nearest ? "; did you mean '" + *nearest + "'?" : "");
}

}  // namespace r1zero
