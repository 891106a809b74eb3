#include "services/command.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <new>

#include "common/error.h"
#include "common/printable.h"
#include "common/stop.h"

namespace r1zero {

void RunOptions::AddTo(CLI::App& app) {
  AddConfigTo(app);
  app.add_flag("--resume", resume, "go on from the run folder's last checkpoint");
  app.add_flag("--accept-config-change", accept_config_change,
               "with --resume: go on although the configuration is not the checkpoint's");
  app.add_flag("--prepared", prepared)->group("");
}

void RunOptions::AddConfigTo(CLI::App& app) {
  app.add_option("RUN.toml", file,
                 "the run; without it every key has its default (the task signs)");
  app.add_option("--set", overrides, "override one key, as section.key=value; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--dry-run", dry_run, "check the run, print its resolved configuration and stop");
}

std::vector<std::string> RunOptions::ToArguments() const {
  std::vector<std::string> arguments;
  if (!file.empty()) arguments.push_back(file);
  for (const std::string& text : overrides) arguments.insert(arguments.end(), {"--set", text});
  if (resume) arguments.push_back("--resume");
  if (accept_config_change) arguments.push_back("--accept-config-change");
  if (dry_run) arguments.push_back("--dry-run");
  if (prepared) arguments.push_back("--prepared");
  return arguments;
}

namespace {

// CLI11 says "--seed: At Most 1 required but received 2" of an option that is there twice.
std::string InOurWords(std::string text) {
  constexpr std::string_view kTheirs = "At Most 1 required but received ";
  if (const size_t at = text.find(kTheirs); at != text.npos)
    text.replace(at, kTheirs.size(), "expected once, given ").append(" times");
  return Printable(text);
}

}  // namespace

int ParseCommandLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e), kSuccess;  // --help
    std::string name = app.get_name();
    for (const CLI::App* verb : app.get_subcommands()) name += ' ' + verb->get_name();
    std::fprintf(stderr, "%s: %s; %s --help lists the options\n", name.c_str(),
                 InOurWords(e.what()).c_str(), name.c_str());
    return kBadConfig;
  }
  return -1;
}

int PlanOrStatus(const std::string& verb, const RunOptions& options, RunPlan& plan,
                 const std::function<void(const RunPlan&)>& check) {
  const int status = Guarded(verb, kBadConfig, [&] {
    Require(options.resume || !options.accept_config_change,
            "--accept-config-change goes with --resume only");
    plan = PlanRun(options.file, options.overrides,
                   verb == "train" ? Workers::kHere : Workers::kElsewhere);
    if (check) check(plan);
    return -1;
  });
  if (status != -1 || !options.dry_run) return status;
  for (const std::string& note : plan.task->Notes()) std::fprintf(stderr, "%s\n", note.c_str());
  return Guarded(verb, kFailed,
                 [&] { return std::fputs(ToToml(plan.config).c_str(), stdout), kSuccess; });
}

namespace {

// What was printed may still be in a buffer, and its reader or its disk gone.
void RequireOutputWritten() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
  const int reason = errno;
  Fail("cannot write to standard output: ", std::strerror(reason));
}

}  // namespace

int Guarded(const std::string& verb, int status, const std::function<int()>& body) {
  try {
    const int done = body();
    RequireOutputWritten();
    return done;
  } catch (const Interrupted& e) {
    std::fprintf(stderr, "r1zero %s: %s\n", verb.c_str(), e.what());
    return kInterrupted;
  } catch (const std::bad_alloc&) {
    std::fprintf(
        stderr,
        "r1zero %s: the machine has no memory left for it; r1zero plan says what a run takes\n",
        verb.c_str());
    return status;
  } catch (const std::filesystem::filesystem_error& e) {
    std::fprintf(stderr, "r1zero %s: %s: %s\n", verb.c_str(), Printable(e.path1().string()).c_str(),
                 e.code().message().c_str());
    return status;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "r1zero %s: %s\n", verb.c_str(), Printable(e.what()).c_str());
    return status;
  }
}

}  // namespace r1zero
