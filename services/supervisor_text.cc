#include "services/supervisor_text.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <deque>
#include <fstream>

#include "common/log.h"

namespace r1zero {
namespace {

constexpr size_t kLastLines = 20;

// A line of ours replaces the live one.
void ClearLiveLine() {
  if (isatty(STDERR_FILENO) == 1) std::fputs("\r\033[K", stderr);
}

}  // namespace

void Say(const std::string& speaker, const std::string& text) {
  ClearLiveLine();
  std::fprintf(stderr, "%s: %s\n", speaker.c_str(), text.c_str());
}

void Warn(const std::string& text) {
  ClearLiveLine();
  LogWarning(text);
}

std::string InSeconds(std::chrono::milliseconds time) {
  char text[32];
  const double tenths = std::round(static_cast<double>(time.count()) / 100);
  std::snprintf(text, sizeof text, "%g s", tenths / 10);
  return text;
}

std::string MemoryHint(int wait_status) {
  const bool killed = WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGKILL;
  return killed ? "; the machine may be short of memory" : "";
}

std::string LastLine(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::string last;
  for (std::string line; std::getline(file, line);)
    if (!line.empty()) last = line;
  return last;
}

std::string LastLines(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(line);
    if (lines.size() > kLastLines) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

}  // namespace r1zero
