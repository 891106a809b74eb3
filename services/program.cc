#include "services/program.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "common/error.h"

namespace r1zero {

std::string ProgramBeside(const std::string& name) {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
  const bool runs = access(path.c_str(), X_OK) == 0;  // before errno is read
  Require(runs, path.string(), ": ", std::strerror(errno),
          "; it is built beside r1zero: build all targets, and move the two programs together");
  return path.string();
}

void Exec(const std::string& path, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  Fail("cannot start ", path, ": ", std::strerror(errno));
}

}  // namespace r1zero
