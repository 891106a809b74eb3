// A person at standard input: lines, and Ctrl-C, which ends what is under way and not the program.
#pragma once

#include <string>

namespace r1zero {

// From now on the first Ctrl-C only counts; another one, before ForgetInterrupts, ends the program.
void CatchInterrupts();
bool WasInterrupted();
void ForgetInterrupts();

enum class Input { kLine, kInterrupted, kEnd };

// The next line of standard input, without its end (a CR before it goes, too). kInterrupted if a Ctrl-C
// came while it waited. Error if standard input cannot be read.
Input ReadLine(std::string& line);

}  // namespace r1zero
