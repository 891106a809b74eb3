#include "services/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "common/error.h"

namespace r1zero {

std::filesystem::path PathBesideProgram(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

std::string ProgramBeside(const std::string& name) {
  const std::filesystem::path path = PathBesideProgram(name);
  const bool runs = access(path.c_str(), X_OK) == 0;  // before errno is read
  Require(runs, path.string(), ": ", std::strerror(errno),
          "; it is built beside r1zero: build all targets, and move the programs together");
  return path.string();
}

int RunQuietly(const std::string& path, std::vector<std::string> arguments) {
  const pid_t child = fork();
  Require(child >= 0, "cannot start ", path, ": ", std::strerror(errno));
  if (child == 0) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    try {
      Exec(path, std::move(arguments));
    } catch (const Error& e) {
      std::fprintf(stderr, "%s\n", e.what());
      _exit(127);
    }
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Require(WIFEXITED(status), path, " was killed by signal ", WTERMSIG(status));
  return WEXITSTATUS(status);
}

void Exec(const std::string& path, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  Fail("cannot start ", path, ": ", std::strerror(errno));
}

}  // namespace r1zero
