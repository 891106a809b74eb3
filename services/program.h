// The two programs of the command line, and the library beside them: where they lie.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace r1zero {

// The absolute path of `name` beside the running program; it need not be there.
std::filesystem::path PathBesideProgram(const std::string& name);

// The same of a program. Error if it is not there.
std::string ProgramBeside(const std::string& name);

// Runs a program to its end, without its standard output. Returns its exit status. Error if it cannot
// start or is killed.
int RunQuietly(const std::string& path, std::vector<std::string> arguments);

// The same, and returns its standard output. Error if its exit status is not 0.
std::string RunAndRead(const std::string& path, std::vector<std::string> arguments);

// Becomes that program: does not return, or throws Error with the system's reason.
[[noreturn]] void Exec(const std::string& path, std::vector<std::string> arguments);

}  // namespace r1zero
