#include "common/log.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <mutex>

#include "common/error.h"
#include "common/printable.h"

namespace r1zero {
namespace {

struct LogState {
  std::mutex mutex;  // guards what follows
  std::string process = "r1zero";
  LogLevel level = LogLevel::kInfo;
  int fd = STDERR_FILENO;
};

// Never destroyed: threads may log while the process ends.
LogState& State() {
  static LogState& state = *new LogState;
  return state;
}

std::string UtcNow() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  tm utc;
  gmtime_r(&now.tv_sec, &utc);
  std::array<char, 32> date;
  strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::array<char, 48> stamp;
  snprintf(stamp.data(), stamp.size(), "%s.%03ldZ", date.data(), now.tv_nsec / 1'000'000);
  return stamp.data();
}

const char* LevelName(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "DEBUG";
    case LogLevel::kInfo: return "INFO ";
    case LogLevel::kWarning: return "WARN ";
    case LogLevel::kError: return "ERROR";
  }
  return "?    ";
}

// A call is one line, whatever the text.
void AppendOnOneLine(std::string& line, std::string_view text) {
  for (const char c : Printable(text)) {
    if (c == '\n')
      line += "\\n";
    else
      line += c;
  }
}

// A log that cannot be written is no reason to fail.
void WriteAll(int fd, std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(fd, line.data(), line.size());
    if (written < 0 && errno != EINTR) return;
    if (written > 0) line.remove_prefix(written);
  }
}

}  // namespace

void SetLogName(std::string_view process) {
  const std::lock_guard lock(State().mutex);
  State().process = process;
}

void SetLogLevel(LogLevel level) {
  const std::lock_guard lock(State().mutex);
  State().level = level;
}

void LogToFile(const std::filesystem::path& path) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  Require(fd >= 0, path.string(), ": cannot be opened for logging: ", std::strerror(errno));
  const std::lock_guard lock(State().mutex);
  if (State().fd != STDERR_FILENO) close(State().fd);
  State().fd = fd;
}

void LogLine(LogLevel level, std::string_view text) {
  const std::lock_guard lock(State().mutex);
  if (level < State().level) return;
  std::string line = UtcNow() + ' ' + State().process + ' ' + LevelName(level) + ' ';
  AppendOnOneLine(line, text);
  line += '\n';
  WriteAll(State().fd, line);
}

}  // namespace r1zero
