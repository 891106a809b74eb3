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

namespace {

pid_t Start(const std::string& path, std::vector<std::string> arguments, int standard_output) {
  const pid_t child = fork();
  Require(child >= 0, "cannot start ", path, ": ", std::strerror(errno));
  if (child > 0) return child;
  dup2(standard_output, STDOUT_FILENO);
  try {
    Exec(path, std::move(arguments));
  } catch (const Error& e) {
    std::fprintf(stderr, "%s\n", e.what());
    _exit(127);
  }
}

int WaitFor(pid_t child, const std::string& path) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  Require(WIFEXITED(status), path, " was killed by signal ", WTERMSIG(status));
  return WEXITSTATUS(status);
}

}  // namespace

int RunQuietly(const std::string& path, std::vector<std::string> arguments) {
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const pid_t child = Start(path, std::move(arguments), nowhere);
  close(nowhere);
  return WaitFor(child, path);
}

std::string RunAndRead(const std::string& path, std::vector<std::string> arguments) {
  int ends[2];
  Require(pipe2(ends, O_CLOEXEC) == 0, "cannot start ", path, ": ", std::strerror(errno));
  const pid_t child = Start(path, std::move(arguments), ends[1]);
  close(ends[1]);
  std::string text;
  char piece[4096];
  for (ssize_t got; (got = read(ends[0], piece, sizeof piece)) != 0;) {
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) break;
    text.append(piece, static_cast<size_t>(got));
  }
  close(ends[0]);
  const int status = WaitFor(child, path);
  Require(status == 0, path, " ended with exit status ", status);
  return text;
}

void Exec(const std::string& path, std::vector<std::string> arguments) {
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  execv(path.c_str(), argv.data());
  Fail("cannot start ", path, ": ", std::strerror(errno));
}

}  // namespace r1zero
