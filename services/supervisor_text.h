// The words of the supervisor, on standard error, where another process may keep a live line.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

namespace r1zero {

void Say(const std::string& speaker, const std::string& text);  // "speaker: text"
void Warn(const std::string& text);                             // a line of the log

std::string InSeconds(std::chrono::milliseconds time);  // "0.2 s"
// "; the machine may be short of memory" after SIGKILL, else nothing; of waitpid's status.
std::string MemoryHint(int wait_status);

std::string LastLine(const std::filesystem::path& log);   // that is not empty
std::string LastLines(const std::filesystem::path& log);  // each on a line of its own, indented

}  // namespace r1zero
