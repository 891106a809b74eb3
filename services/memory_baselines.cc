#include "services/memory_baselines.h"

#include <algorithm>
#include <charconv>
#include <thread>

#include "common/error.h"
#include "services/machine_memory.h"
#include "services/program.h"

namespace r1zero {
namespace {

// With libtorch loaded, before it has a policy.
double LearnerBaseline(const RunOptions& options) {
  const RunOptions run{.file = options.file, .overrides = options.overrides};
  std::vector<std::string> arguments = {"r1zero-learner", "baseline"};
  for (std::string& argument : run.ToArguments()) arguments.push_back(std::move(argument));
  const std::string text = RunAndRead(ProgramBeside("r1zero-learner"), std::move(arguments));
  double bytes = 0;
  std::from_chars(text.data(), text.data() + text.size(), bytes);
  Require(bytes > 0, "r1zero-learner baseline said '", text, "', expected a number of bytes");
  return bytes;
}

}  // namespace

MemoryOptions MeasuredHere(const RunOptions& run, int cores, bool in_process) {
  if (cores == 0) cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  ReturnFreedMemory();
  return {.baselines = {.program = static_cast<double>(OwnMemory().now),
                        .learner = LearnerBaseline(run)},
          .cores = cores,
          .in_process = in_process};
}

}  // namespace r1zero
