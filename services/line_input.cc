#include "services/line_input.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/error.h"
#include "services/command.h"

namespace r1zero {
namespace {

volatile sig_atomic_t interrupts = 0;

// The first stops the completion; another one, before that has happened, the program.
void OnInterrupt(int) {
  if (++interrupts > 1) {
    constexpr char kPlain[] = "\x1b[0m\n";
    if (isatty(STDOUT_FILENO)) (void)!write(STDOUT_FILENO, kPlain, sizeof kPlain - 1);
    _exit(kInterrupted);
  }
}

}  // namespace

// Without SA_RESTART, so that a read of the next line ends, too.
void CatchInterrupts() {
  struct sigaction action {};
  action.sa_handler = OnInterrupt;
  sigaction(SIGINT, &action, nullptr);
}

bool WasInterrupted() { return interrupts > 0; }
void ForgetInterrupts() { interrupts = 0; }

Input ReadLine(std::string& line) {
  line.clear();
  for (char c = 0;;) {
    const ssize_t got = read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) return Input::kInterrupted;
    if (got < 0) {
      const int reason = errno;
      Fail("standard input cannot be read: ", std::strerror(reason));
    }
    if (got == 0 && line.empty()) return Input::kEnd;
    if (got == 0 || c == '\n') break;
    line += c;
  }
  if (line.ends_with('\r')) line.pop_back();  // of a file from Windows
  return Input::kLine;
}

}  // namespace r1zero
