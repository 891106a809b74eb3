#include "services/command.h"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "common/error.h"

namespace r1zero {

void RunOptions::AddTo(CLI::App& app) {
  app.add_option("RUN.toml", file,
                 "the run; without it every key has its default (the signs demo)");
  app.add_option("--set", overrides, "override one key, as section.key=value; may be repeated")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  app.add_flag("--resume", resume, "go on from the run folder's last checkpoint");
  app.add_flag("--accept-config-change", accept_config_change,
               "with --resume: go on although the configuration is not the checkpoint's");
  app.add_flag("--dry-run", dry_run, "print the resolved configuration and stop");
  app.add_flag("--prepared", prepared)->group("");
}

std::vector<std::string> RunOptions::ToArguments() const {
  std::vector<std::string> arguments;
  if (!file.empty()) arguments.push_back(file);
  for (const std::string& text : overrides) arguments.insert(arguments.end(), {"--set", text});
  if (resume) arguments.push_back("--resume");
  if (accept_config_change) arguments.push_back("--accept-config-change");
  if (prepared) arguments.push_back("--prepared");
  return arguments;
}

int ParseCommandLine(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kSuccess : kBadConfig;
  }
  return -1;
}

int Guarded(const std::string& verb, int status, const std::function<int()>& body) {
  try {
    return body();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "r1zero %s: %s\n", verb.c_str(), e.what());
    return status;
  }
}

}  // namespace r1zero
