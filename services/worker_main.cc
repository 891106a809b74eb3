// r1zero worker: a rollout worker as a process.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <string>

#include "common/log.h"
#include "common/stop.h"
#include "services/address.h"
#include "services/command.h"
#include "services/machine_memory.h"
#include "services/number_range.h"
#include "services/verbs.h"
#include "services/worker_session.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "Rolls out prompts of a run: leases them from the learner, samples completions, has them "
    "scored, "
    "submits them. Start as many as you like, wherever, whenever; each keeps one core busy.";
constexpr char kExamples[] = R"(
examples
  r1zero worker --learner 127.0.0.1:6060 --reward 127.0.0.1:6061
  r1zero worker --learner unix:/tmp/learner.sock --reward unix:/tmp/reward.sock --log worker.log

Everything else (model, tokenizer, sampling, rewards) comes from the learner.
Exit status: 0 the run is over, 1 failed, 2 bad usage, 130 interrupted.
)";

struct WorkerFlags {
  WorkerOptions worker{.stop = StopRequested};
  double patience_seconds = 60;
  std::string log;
};

// Tells processes and machines apart.
std::string DefaultName() {
  char host[256] = "host";
  gethostname(host, sizeof(host) - 1);
  return std::string(host) + "-" + std::to_string(getpid());
}

void AddFlags(CLI::App& app, WorkerFlags& flags) {
  app.add_option("--learner", flags.worker.learner, "its address, HOST:PORT or unix:PATH")
      ->required();
  app.add_option("--reward", flags.worker.reward, "the reward service's address")->required();
  app.add_option("--name", flags.worker.name,
                 "unique among the run's workers (default: host and pid)");
  app.add_option("--patience", flags.patience_seconds,
                 "seconds to wait for a learner or reward service that does not answer")
      ->capture_default_str()
      ->check(NumberWithin(0.1, 86400.0));
  app.add_option("--log", flags.log, "append log lines to this file, not to standard error");
}

int Run(WorkerFlags& flags) {
  if (flags.worker.name.empty()) flags.worker.name = DefaultName();
  flags.worker.patience =
      std::chrono::milliseconds(static_cast<int64_t>(flags.patience_seconds * 1e3));
  SetLogName(flags.worker.name);
  if (!flags.log.empty()) LogToFile(flags.log);
  Work(flags.worker);
  return StopRequested() ? kInterrupted : kSuccess;
}

}  // namespace

int WorkerMain(int argc, char** argv) {
  KeepFreedMemory();
  WorkerFlags flags;
  CLI::App app(kDescription, "r1zero worker");
  AddFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  const int usable = Guarded("worker", kBadConfig, [&] {
    ParseAddress(flags.worker.learner);
    ParseAddress(flags.worker.reward);
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  InstallStopSignals();
  return Guarded("worker", kFailed, [&] { return Run(flags); });
}

}  // namespace r1zero
