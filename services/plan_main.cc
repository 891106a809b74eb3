// r1zero plan: what a run will take, in memory and time, before it is started.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "common/error.h"
#include "services/command.h"
#include "services/machine_memory.h"
#include "services/memory_baselines.h"
#include "services/number_range.h"
#include "services/plan_text.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr const char* kExamples = R"(
examples
  r1zero plan runs/signs.toml
  r1zero plan RUN.toml --set rollout.workers=1 --memory 16
  r1zero plan RUN.toml --json                     all parts with their formulas

Completions are taken to be as long as rollout.max_total_tokens allows: the most that the run can take.
Exit status: 0 it fits, 1 it does not fit, 2 bad usage or configuration.
)";

struct PlanFlags {
  RunOptions run;
  double memory_gib = 0;  // 0: this machine's
  int cores = 0;          // 0: this machine's
  bool json = false, in_process = false;
};

void AddFlags(CLI::App& app, PlanFlags& flags) {
  flags.run.AddConfigTo(app);
  app.add_option("--memory", flags.memory_gib, "GiB that there are (default: of this machine)")
      ->check(NumberWithin(1e-3, 1e6));
  app.add_option("--cores", flags.cores, "cores that there are (default: of this machine)")
      ->check(CLI::Range(1, 4096));
  app.add_flag("--json", flags.json, "print all parts as JSON");
  app.add_flag("--in-process", flags.in_process, "plan for train --in-process");
  app.footer(kExamples);
}

void AddTimes(PlanReport& report, int cores) {
  const int here = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  MachineRates rates = MeasureRates(report.plan.shape.model, DecodeRows(report.plan, cores),
                                    MeanKeys(report.plan), std::min(cores, here));
  if (cores > here) rates = Scaled(rates, static_cast<double>(cores) / here);
  report.full = PlanTime(report.plan, rates, cores, 1);
  report.half = PlanTime(report.plan, rates, cores, 0.5);
}

int Plan(const RunPlan& plan, const PlanFlags& flags) {
  const MemoryOptions options = MeasuredHere(flags.run, flags.cores, flags.in_process);
  PlanReport report{.plan = plan,
                    .memory = PlanMemory(plan, options),
                    .available = flags.memory_gib > 0 ? flags.memory_gib * (1 << 30)
                                                      : static_cast<double>(MachineMemoryBytes())};
  const bool fits = report.memory.Total() <= report.available;
  if (fits)
    AddTimes(report, options.cores);
  else
    report.remedies = FindRemedies(plan, options, report.available);
  std::fputs((flags.json ? PlanJson(report) : PlanText(report)).c_str(), stdout);
  std::fflush(stdout);
  Require(fits, WhyNotInto(plan, options, report.available));
  return kSuccess;
}

}  // namespace

int PlanMain(int argc, char** argv) {
  PlanFlags flags;
  CLI::App app("Predicts what a run takes: peak memory by process and phase, time by step.",
               "r1zero plan");
  AddFlags(app, flags);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  RunPlan plan;
  const int planned = PlanOrStatus("plan", flags.run, plan, [](const RunPlan& p) {
    Require(p.config.run.device == "cpu", "run.device is '", p.config.run.device,
            "'; only runs on the CPU are planned");
  });
  if (planned != -1) return planned;
  return Guarded("plan", kFailed, [&] { return Plan(plan, flags); });
}

}  // namespace r1zero
