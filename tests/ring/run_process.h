// Runs the real programs, as a user would, and looks at what they leave behind.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace r1zero {

struct Ended {
  int status = -1;     // exit status, or -signal
  std::string output;  // standard output and error together
};

// A started r1zero with its output in a file. Killed at destruction if it still runs.
class RunProcess {
 public:
  RunProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output,
             const std::filesystem::path& programs = R1ZERO_BINARY_DIR);
  ~RunProcess();
  pid_t pid() const { return pid_; }
  void Signal(int signal) const;
  // Its living children with this text on their command line; other runs on the machine have such too.
  std::vector<pid_t> Children(const std::string& text) const;
  Ended Wait();

 private:
  pid_t pid_ = -1;
  std::filesystem::path output_;
};

// Living processes with this text on their command line, without the caller.
std::vector<pid_t> ProcessesWith(const std::string& text);

// Polls until `condition` holds, at most `seconds`; says whether it came to hold.
template <typename Condition>
bool Within(double seconds, Condition condition);

}  // namespace r1zero

#include <chrono>
#include <thread>

namespace r1zero {
template <typename Condition>
bool Within(double seconds, Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}
}  // namespace r1zero
