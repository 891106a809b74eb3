#include "services/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "common/error.h"
#include "common/stop.h"

namespace r1zero {
namespace {

struct Pipe {
  int read = -1, write = -1;
};

// Everything that the child needs, made before the fork: after it, only async-signal-safe calls.
struct Launch {
  std::vector<char*> argv;
  int log = -1;  // -1: keep stdout and stderr
  int null = -1;
  Pipe failure;  // closed by a successful exec; else it carries errno
  pid_t parent = 0;
};

[[noreturn]] void Child(const Launch& launch) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launch.parent) _exit(127);  // it died before the line above
  if (!IsIgnored(SIGHUP)) signal(SIGHUP, SIG_DFL);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGCHLD, SIGPIPE}) {
    struct sigaction standard {};
    standard.sa_handler = SIG_DFL;
    sigaction(signal, &standard, nullptr);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (launch.log >= 0) {
    dup2(launch.null, STDIN_FILENO);
    dup2(launch.log, STDOUT_FILENO);
    dup2(launch.log, STDERR_FILENO);
  }
  execv(launch.argv[0], launch.argv.data());
  const int error = errno;
  static_cast<void>(!write(launch.failure.write, &error, sizeof(error)));
  _exit(127);
}

// No handler of this process may run in the child, between fork and exec: it would write to what both
// share.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

int OpenLog(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  Require(fd >= 0, "cannot open ", path.string(), ": ", std::strerror(errno));
  return fd;
}

// 0, or why the child could not exec. Returns as soon as it has.
int ExecError(const Launch& launch) {
  int error = 0;
  ssize_t got;
  do {
    got = read(launch.failure.read, &error, sizeof(error));
  } while (got < 0 && errno == EINTR);
  return got == sizeof(error) ? error : 0;
}

}  // namespace

pid_t StartProcess(const ProcessSpec& spec) {
  Launch launch{.parent = getpid()};
  for (const std::string& argument : spec.argv)
    launch.argv.push_back(const_cast<char*>(argument.c_str()));
  launch.argv.push_back(nullptr);
  if (!spec.log.empty()) launch.log = OpenLog(spec.log);
  launch.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
  std::array<int, 2> ends{};
  const bool made = pipe2(ends.data(), O_CLOEXEC) == 0;  // before errno is read
  Require(made, "cannot make a pipe: ", std::strerror(errno));
  launch.failure = {ends[0], ends[1]};

  const pid_t pid = [&] {
    const BlockedSignals blocked;
    const pid_t child = fork();
    if (child == 0) Child(launch);
    return child;
  }();
  const int fork_error = pid < 0 ? errno : 0;
  close(launch.failure.write);
  const int error = pid < 0 ? fork_error : ExecError(launch);
  for (const int fd : {launch.failure.read, launch.null, launch.log}) {
    if (fd >= 0) close(fd);
  }
  if (pid > 0 && error != 0) waitpid(pid, nullptr, 0);
  Require(error == 0, "cannot start ", spec.argv[0], ": ", std::strerror(error));
  return pid;
}

std::string DescribeExit(int wait_status) {
  if (WIFEXITED(wait_status))
    return "ended with exit status " + std::to_string(WEXITSTATUS(wait_status));
  const int signal = WTERMSIG(wait_status);
  const char* name = sigabbrev_np(signal);
  return "was killed by " + (name ? "SIG" + std::string(name) : "signal " + std::to_string(signal));
}

ExitCause CauseOf(int wait_status) {
  if (WIFEXITED(wait_status)) {
    const int status = WEXITSTATUS(wait_status);
    if (status == 0) return ExitCause::kOrderly;
    return status == kInterruptedStatus ? ExitCause::kOutside : ExitCause::kItself;
  }
  switch (WTERMSIG(wait_status)) {
    case SIGKILL:
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
    case SIGHUP: return ExitCause::kOutside;
    default: return ExitCause::kItself;
  }
}

int ExitCode(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

}  // namespace r1zero
