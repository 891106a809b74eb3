// r1zero-learner: what trains. r1zero starts it; its verbs are learner, in-process and pretrain.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <memory>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "grpo/run_folder.h"
#include "services/command.h"
#include "services/in_process.h"
#include "services/learner_run.h"
#include "services/machine_memory.h"
#include "services/torch_parts.h"
#ifdef R1ZERO_SERVICES
#include "services/learner_server.h"
#endif

namespace r1zero {
namespace {

RunFolder::Mode FolderMode(const RunOptions& options) {
  if (options.prepared) return RunFolder::Mode::kOpen;
  return options.resume ? RunFolder::Mode::kResume : RunFolder::Mode::kReplace;
}

int StatusOf(TrainerOutcome outcome) {
  return outcome == TrainerOutcome::kFinished ? kSuccess : kInterrupted;
}

// Plans the run (mistakes in it are kBadConfig and leave no trace), makes its folder and hands it to
// `drive` (failures are kFailed).
int WithRun(const std::string& verb, const RunOptions& options,
            const std::function<void(const RunPlan&)>& check,
            const std::function<TrainerOutcome(LearnerRun&, Console&)>& drive) {
  RunPlan plan;
  const int planned = PlanOrStatus(verb, options, plan, [&](const RunPlan& p) {
    RequireDevice(p.config.run.device);
    check(p);
  });
  if (planned != -1) return planned;
  std::unique_ptr<RunFolder> folder;
  std::unique_ptr<LearnerRun> run;
  const int status = Guarded(verb, kBadConfig, [&] {
    const RunSection& section = plan.config.run;
    folder = std::make_unique<RunFolder>(std::filesystem::path(section.out) / section.name,
                                         FolderMode(options));
    LogToFile(folder->logs() / "learner.log");
    run = std::make_unique<LearnerRun>(std::move(plan), *folder, options.resume,
                                       options.accept_config_change);
    return kSuccess;
  });
  if (status != kSuccess) return status;
  return Guarded(verb, kFailed, [&] {
    Console console;
    const TrainerOutcome outcome = drive(*run, console);
    if (outcome == TrainerOutcome::kInterrupted &&
        !options.prepared)  // else the supervisor says so
      console.Line("interrupted; --resume goes on from the last checkpoint");
    return StatusOf(outcome);
  });
}

int InProcess(const RunOptions& options) {
  const auto nothing_more = [](const RunPlan&) {};
  return WithRun("train", options, nothing_more, [](LearnerRun& run, Console& console) {
    InProcessWorkers workers(run);
    try {
      const TrainerOutcome outcome = run.Execute(console);
      workers.Rethrow();
      return outcome;
    } catch (...) {
      workers.Rethrow();  // the workers' failure is the cause, if there is one
      throw;
    }
  });
}

int PretrainOnly(const RunOptions& options) {
  RunPlan plan;
  const int planned = PlanOrStatus("pretrain", options, plan, [](const RunPlan& p) {
    Require(p.config.policy.path.empty() && p.config.pretrain.tokens > 0,
            "nothing to pretrain: policy.path is '", p.config.policy.path,
            "' and pretrain.tokens is ", p.config.pretrain.tokens);
    RequireDevice(p.config.run.device);
  });
  if (planned != -1) return planned;
  return Guarded("pretrain", kFailed, [&] {
    Console console;
    const BasePolicy base =
        LoadOrPretrainBase(plan, [&](const PretrainProgress& p) { console.Pretraining(p); });
    console.Line("base policy " + WeightSha256(*base.weights).substr(0, 16) + " in " +
                 plan.config.pretrain.cache + "/" + BaseSha256(plan.config).substr(0, 16));
    return kSuccess;
  });
}

// For r1zero plan: what this program takes before it has a policy. Prints bytes.
int Baseline(const RunOptions& options) {
  RunPlan plan;
  const int planned = PlanOrStatus("baseline", options, plan);
  if (planned != -1) return planned;
  return Guarded("baseline", kFailed, [&] {
    Torch();
    ReturnFreedMemory();
    std::printf("%lld\n", static_cast<long long>(OwnMemory().now));
    return kSuccess;
  });
}

int Main(int argc, char** argv) {
  KeepFreedMemory();
  CLI::App app("The processes of r1zero that train; started by r1zero.", "r1zero");
  RunOptions options;
  std::string listen = "127.0.0.1:6060";
  bool insecure_bind = false;
  CLI::App* in_process =
      app.add_subcommand("in-process", "train with workers as threads of this process");
  CLI::App* pretrain =
      app.add_subcommand("pretrain", "train the base policy and put it into the cache");
  CLI::App* learner = app.add_subcommand("learner", "train with workers that come over gRPC");
  CLI::App* baseline = app.add_subcommand(
      "baseline", "print the bytes of memory that this program takes before it has a policy");
  app.require_subcommand(1);
  for (CLI::App* verb : {in_process, learner}) options.AddTo(*verb);
  options.AddConfigTo(*pretrain);
  options.AddConfigTo(*baseline);
  learner->add_option("--listen", listen, "HOST:PORT or unix:PATH to serve workers on")
      ->capture_default_str();
  learner->add_flag("--insecure-bind", insecure_bind,
                    "allow an address that other machines can reach");
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;

  InstallStopSignals();
  SetLogName("learner");
  if (in_process->parsed()) return InProcess(options);
  if (pretrain->parsed()) return PretrainOnly(options);
  if (baseline->parsed()) return Baseline(options);
#ifdef R1ZERO_SERVICES
  const auto check = [&](const RunPlan&) { CheckCanServe(listen, insecure_bind); };
  return WithRun("learner", options, check, [&](LearnerRun& run, Console& console) {
    LearnerServer server(run, listen, insecure_bind);
    return run.Execute(console);
  });
#else
  std::fprintf(
      stderr,
      "r1zero learner: this build has no gRPC (R1ZERO_SERVICES=OFF); use train --in-process\n");
  return kBadConfig;
#endif
}

}  // namespace
}  // namespace r1zero

int main(int argc, char** argv) { return r1zero::Main(argc, argv); }
