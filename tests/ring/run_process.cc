#include "tests/ring/run_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <utility>

#include "common/error.h"

namespace r1zero {
namespace {

std::string Slurp(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fourth field of /proc/PID/stat; the second, in parentheses, may hold spaces.
pid_t ParentOf(pid_t pid) {
  const std::string stat = Slurp("/proc/" + std::to_string(pid) + "/stat");
  const size_t name_end = stat.rfind(") ");
  return name_end == std::string::npos ? -1 : std::atoi(stat.c_str() + name_end + 4);
}

}  // namespace

RunProcess::RunProcess(const std::vector<std::string>& arguments,
                       const std::filesystem::path& output, const std::filesystem::path& programs)
    : output_(output) {
  std::vector<std::string> words = {programs / "r1zero"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_ = fork();
  Require(pid_ >= 0, "fork failed");
  if (pid_ == 0) {
    const int fd = open(output.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
}

RunProcess::~RunProcess() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void RunProcess::Signal(int signal) const { kill(pid_, signal); }

Ended RunProcess::Wait() {
  int status = 0;
  waitpid(std::exchange(pid_, -1), &status, 0);
  return {.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status),
          .output = Slurp(output_)};
}

std::vector<pid_t> ProcessesWith(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0 || pid == getpid()) continue;
    std::string line = Slurp(entry.path() / "cmdline");
    for (char& c : line)
      if (c == '\0') c = ' ';
    if (line.find(text) != std::string::npos) found.push_back(pid);
  }
  return found;
}

std::vector<pid_t> RunProcess::Children(const std::string& text) const {
  std::vector<pid_t> children = ProcessesWith(text);
  std::erase_if(children, [&](pid_t pid) { return ParentOf(pid) != pid_; });
  return children;
}

}  // namespace r1zero
