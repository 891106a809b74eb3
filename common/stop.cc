#include "common/stop.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>

#include "common/error.h"

namespace r1zero {
namespace {

std::atomic<bool> stop_requested{false};
std::atomic<int> interrupts{0};
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free,
              "a signal handler may touch only lock-free atomics");

void OnSignal(int signal) {
  if (signal == SIGINT && interrupts.fetch_add(1) > 0) _exit(130);
  stop_requested.store(true);
}

}  // namespace

void InstallStopSignals() {
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;  // a library's read() must not fail because of Ctrl-C
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    if (signal == SIGHUP && IsIgnored(SIGHUP)) continue;
    Require(sigaction(signal, &action, nullptr) == 0, "cannot handle signal ", signal);
  }
}

bool StopRequested() { return stop_requested.load(); }

void RequestStop() { stop_requested.store(true); }

void ClearStopForTest() {
  stop_requested.store(false);
  interrupts.store(0);
}

bool IsIgnored(int signal) {
  struct sigaction now = {};
  return sigaction(signal, nullptr, &now) == 0 && now.sa_handler == SIG_IGN;
}

}  // namespace r1zero
