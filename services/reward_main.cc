// r1zero reward: the reward service as a process.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "common/log.h"
#include "common/stop.h"
#include "services/command.h"
#include "services/reward_service.h"
#include "services/server.h"
#include "services/verbs.h"

namespace r1zero {
namespace {

constexpr char kDescription[] =
    "Scores completions by rules, for workers and learners that call it. Keeps nothing.";
constexpr char kExamples[] = R"(
examples
  r1zero reward --listen 127.0.0.1:6061
  r1zero reward --listen unix:/tmp/reward.sock --log reward.log

It prints "listening on ADDRESS" once it can be called. On SIGTERM or Ctrl-C it ends what is under way
and goes. Exit status: 0 success, 1 failed, 2 bad usage.
)";
constexpr std::chrono::milliseconds kDrain{5'000};
constexpr int kMaxMessageBytes = 16 << 20;

struct RewardFlags {
  ServerOptions server{.listen = "127.0.0.1:6061",
                       .max_receive_bytes = kMaxMessageBytes,
                       .max_send_bytes = kMaxMessageBytes};
  std::string log;
};

void AddFlags(CLI::App& app, RewardFlags& flags) {
  app.add_option("--listen", flags.server.listen, "HOST:PORT (port 0: a free one) or unix:PATH")
      ->capture_default_str();
  app.add_flag("--insecure-bind", flags.server.insecure_bind,
               "allow an address that other machines can reach, without encryption");
  app.add_option("--log", flags.log, "append log lines to this file, not to standard error");
}

void Serve(const RewardFlags& flags) {
  SetLogName("reward");
  if (!flags.log.empty()) LogToFile(flags.log);
  RewardService service;
  Server server(flags.server, {&service});
  std::printf("listening on %s\n", server.address().c_str());
  std::fflush(stdout);
  while (!StopRequested()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  server.Shutdown(kDrain);
}

}  // namespace

int RewardMain(int argc, char** argv) {
  RewardFlags flags;
  CLI::App app(kDescription, "r1zero reward");
  AddFlags(app, flags);
  app.footer(kExamples);
  const int parsed = ParseCommandLine(app, argc, argv);
  if (parsed >= 0) return parsed;
  const int usable = Guarded("reward", kBadConfig, [&] {
    RequireAllowedBind(flags.server);
    return kSuccess;
  });
  if (usable != kSuccess) return usable;
  InstallStopSignals();
  return Guarded("reward", kFailed, [&] {
    Serve(flags);
    return kSuccess;
  });
}

}  // namespace r1zero
