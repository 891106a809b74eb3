// What every verb of the command line shares: its options, its exit statuses, its error line.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "services/run_config.h"

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

  void AddTo(CLI::App& app);
  // The same options as arguments for a child process.
  std::vector<std::string> ToArguments() const;
};

// Parses the command line; returns an exit status if there is nothing more to do (help, or a wrong
// flag), -1 to go on.
int ParseCommandLine(CLI::App& app, int argc, char** argv);

// Runs `body`; an Error becomes one line on standard error ("r1zero train: ...") and `status`.
int Guarded(const std::string& verb, int status, const std::function<int()>& body);

}  // namespace r1zero
