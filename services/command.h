// What every verb of the command line shares: its options, its exit statuses, its error line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/run_plan.h"

namespace CLI {
class App;
}

namespace r1zero {

enum ExitStatus : int { kSuccess = 0, kFailed = 1, kBadConfig = 2, kInterrupted = 130 };

// The options of every verb that takes a run file.
struct RunOptions {
  std::string file;                    // RUN.toml; empty: the defaults, which are the signs demo
  std::vector<std::string> overrides;  // --set section.key=value
  bool resume = false;
  bool accept_config_change = false;
  bool dry_run = false;
  bool prepared = false;  // the run folder was made by the supervisor

  void AddTo(CLI::App& app);        // all of them
  void AddConfigTo(CLI::App& app);  // those that make the configuration, and --dry-run
  // The same options as arguments for a child process.
  std::vector<std::string> ToArguments() const;
};

// Parses the command line; returns an exit status if there is nothing more to do (help, or a wrong
// flag), -1 to go on.
int ParseCommandLine(CLI::App& app, int argc, char** argv);

// Loads and checks the run into `plan`. kBadConfig with the reason on standard error; kSuccess, with
// the resolved configuration and, on standard error, the task's notes printed, if --dry-run asks for no more; -1 to go on. `check` (may be
// null) adds a check of the caller's.
int PlanOrStatus(const std::string& verb, const RunOptions& options, RunPlan& plan,
                 const std::function<void(const RunPlan&)>& check = {});

// Runs `body` and writes out what it printed; an Error becomes one line on standard error
// ("r1zero train: ...", Printable) and `status`, or kInterrupted if it is an Interrupted.
int Guarded(const std::string& verb, int status, const std::function<int()>& body);

}  // namespace r1zero
