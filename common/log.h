// Log lines: "2026-11-21T10:00:00.123Z learner INFO  text". One line a call, written at once.
//
// Lines go to standard error, or to a file after LogToFile. Thread-safe.
#pragma once

#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>

namespace r1zero {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

void SetLogName(std::string_view process);          // "learner", "worker-0"; shown in each line
void SetLogLevel(LogLevel level);                   // lines below it are dropped; default kInfo
void LogToFile(const std::filesystem::path& path);  // append; Error if it cannot be opened
void LogLine(LogLevel level, std::string_view text);

template <typename... Parts>
void LogInfo(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  LogLine(LogLevel::kInfo, text.str());
}
template <typename... Parts>
void LogWarning(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  LogLine(LogLevel::kWarning, text.str());
}
template <typename... Parts>
void LogError(const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  LogLine(LogLevel::kError, text.str());
}

}  // namespace r1zero
