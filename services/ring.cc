#include "services/ring.h"

#include <filesystem>

#include "common/error.h"
#include "common/log.h"
#include "grpo/run_folder.h"
#include "services/private_folder.h"
#include "services/program.h"
#include "services/supervisor.h"
#include "services/worker_count.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

// Moves an old run aside or finds the one to resume, before any process opens a file in the folder.
// The learner takes the lock again.
fs::path PrepareFolder(const RunConfig& config, const RunOptions& options) {
  const fs::path path = fs::path(config.run.out) / config.run.name;
  return RunFolder(path, options.resume ? RunFolder::Mode::kResume : RunFolder::Mode::kReplace)
      .logs();
}

ChildSpec LearnerSpec(RunOptions options, const std::string& socket) {
  options.prepared = true;
  ChildSpec spec{.name = "learner",
                 .argv = {ProgramBeside("r1zero-learner"), "learner", "--listen", socket}};
  for (std::string& argument : options.ToArguments()) spec.argv.push_back(std::move(argument));
  return spec;
}

}  // namespace

int RunRing(const RunConfig& config, const RunOptions& options) {
  const std::string self = ProgramBeside("r1zero");
  const PrivateFolder sockets;
  const std::string learner = sockets.Socket("learner"), reward = sockets.Socket("reward");
  const fs::path logs = PrepareFolder(config, options);

  std::vector<ChildSpec> children = {LearnerSpec(options, learner),
                                     {.name = "reward",
                                      .argv = {self, "reward", "--listen", reward},
                                      .log = logs / "reward.log",
                                      .restart = true}};
  for (int i = 0; i < NumWorkers(config.rollout); ++i) {
    const std::string name = "worker-" + std::to_string(i);
    children.push_back(
        {.name = name,
         .argv = {self, "worker", "--learner", learner, "--reward", reward, "--name", name},
         .log = logs / (name + ".log"),
         .restart = true});
  }
  return Supervise(children);
}

}  // namespace r1zero
