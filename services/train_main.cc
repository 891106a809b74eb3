// r1zero train: the whole ring on this machine, as child processes, or in one process.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "grpo/run_folder.h"
#include "services/command.h"
#include "services/machine_memory.h"
#include "services/memory_baselines.h"
#include "services/plan_text.h"
#include "services/program.h"
#include "services/verbs.h"
#ifdef R1ZERO_SERVICES
#include "services/ring.h"
#endif

namespace r1zero {
namespace {

constexpr const char* kExamples = R"(
examples
  r1zero train runs/signs.toml
  r1zero train runs/signs.toml --set run.seed=2 --set run.name=signs-2
  r1zero train runs/signs.toml --resume          go on from the last checkpoint
  r1zero train runs/signs.toml --dry-run         print the resolved configuration, and the memory it takes

A run lives in <run.out>/<run.name>. If there is one of that name it is moved aside (to <name>.1, ...),
unless --resume is given. Exit status: 0 success, 1 failed, 2 bad usage or configuration, 130 interrupted.

keys (of RUN.toml, and of --set)
)";

int RunInProcess(const RunOptions& options) {
  std::vector<std::string> arguments = {"r1zero-learner", "in-process"};
  for (std::string& argument : options.ToArguments()) arguments.push_back(std::move(argument));
  Exec(ProgramBeside("r1zero-learner"), std::move(arguments));
}

// Whether libtorch has the device only the learner can say; asked before anything is written.
int CheckDevice(RunOptions options) {
  options.dry_run = true;
  std::vector<std::string> arguments = {"r1zero-learner", "in-process"};
  for (std::string& argument : options.ToArguments()) arguments.push_back(std::move(argument));
  return RunQuietly(ProgramBeside("r1zero-learner"), std::move(arguments));
}

// Behind the configuration, and beside it: that goes to standard output.
void PrintMemory(const RunPlan& plan, const RunOptions& options, bool in_process) {
  if (plan.config.run.device != "cpu") return;  // r1zero plan knows no other
  const MemoryPlan memory = PlanMemory(plan, MeasuredHere(options, 0, in_process));
  std::fflush(stdout);
  std::fputs(MemoryLine(memory, static_cast<double>(MachineMemoryBytes())).c_str(), stderr);
}

int Train(const RunOptions& options, bool in_process) {
  RunPlan plan;
  const int status = PlanOrStatus("train", options, plan);
  if (status == kSuccess)  // a dry run
    return Guarded("train", kFailed,
                   [&] { return PrintMemory(plan, options, in_process), kSuccess; });
  if (status != -1) return status;
  if (plan.config.run.device != "cpu") {
    const int device = Guarded("train", kFailed, [&] { return CheckDevice(options); });
    if (device != kSuccess) return device;
  }
  return Guarded("train", kFailed, [&] {
    if (in_process) return RunInProcess(options);
#ifdef R1ZERO_SERVICES
    return RunRing(plan.config, options);
#else
    Fail("this build has no gRPC (R1ZERO_SERVICES=OFF); add --in-process");
#endif
  });
}

// Verbs that r1zero-learner does: the same arguments, another program.
int HandOver(int argc, char** argv) {
  return Guarded(argv[0], kFailed, [&]() -> int {
    std::vector<std::string> arguments = {"r1zero-learner"};
    arguments.insert(arguments.end(), argv, argv + argc);
    Exec(ProgramBeside("r1zero-learner"), std::move(arguments));
  });
}

}  // namespace

int TrainMain(int argc, char** argv) {
  CLI::App app(
      "Trains a reasoner on this machine: a learner, a reward service and rollout workers.",
      "r1zero train");
  RunOptions options;
  bool in_process = false;
  options.AddTo(app);
  app.add_flag("--in-process", in_process,
               "workers and rules as threads of one process, without gRPC");
  app.footer(kExamples + RunConfigHelp());
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  SetLogName("train");
  SetLogLevel(LogLevel::kWarning);
  return Train(options, in_process);
}

int PretrainMain(int argc, char** argv) { return HandOver(argc, argv); }
int LearnerMain(int argc, char** argv) { return HandOver(argc, argv); }

}  // namespace r1zero
