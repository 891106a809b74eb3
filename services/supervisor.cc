#include "services/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <fstream>
#include <optional>

#include "common/error.h"
#include "common/log.h"
#include "services/process.h"

namespace r1zero {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr size_t kLastWords = 20;  // lines
constexpr milliseconds kLongestPause{5'000};
constexpr milliseconds kPauseAfterOrderlyEnd{1'000};

std::string LastLines(const std::filesystem::path& log) {
  std::ifstream file(log);
  std::deque<std::string> lines;
  for (std::string line; std::getline(file, line);) {
    lines.push_back(std::move(line));
    if (lines.size() > kLastWords) lines.pop_front();
  }
  std::string text;
  for (const std::string& line : lines) text += "\n  " + line;
  return text;
}

struct Child {
  ChildSpec spec;
  pid_t pid = -1;                               // -1: does not run
  std::deque<steady_clock::time_point> deaths;  // the recent ones
  asio::steady_timer restart;
};

class Supervisor {
 public:
  Supervisor(const std::vector<ChildSpec>& specs, const std::string& essential,
             const SupervisorOptions& options)
      : essential_(essential), options_(options) {
    for (const ChildSpec& spec : specs) {
      children_.push_back({.spec = spec, .restart = asio::steady_timer(io_)});
    }
  }

  int Run() {
    Require(Essential() != nullptr, "there is no child '", essential_, "' to supervise");
    AwaitSignal();
    AwaitDeath();
    try {
      for (Child& child : children_) Start(child);
    } catch (const Error& e) {
      GiveUp(e.what());
    }
    io_.run();
    if (failure_) throw Error(*failure_);
    return result_;
  }

 private:
  void Start(Child& child) {
    child.pid = StartProcess({.argv = child.spec.argv, .log = child.spec.log});
  }

  void AwaitSignal() {
    interruptions_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      if (stopping_ && signal == SIGINT) {
        Kill();
      } else {
        Stop();
      }
      AwaitSignal();
    });
  }

  void AwaitDeath() {
    deaths_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      Reap();
      AwaitDeath();
    });
  }

  void Reap() {
    for (Child& child : children_) {
      int status = 0;
      if (child.pid > 0 && waitpid(child.pid, &status, WNOHANG) == child.pid)
        OnDeath(child, status);
    }
    EndIfNobodyIsLeft();
  }

  void OnDeath(Child& child, int status) {
    const pid_t pid = std::exchange(child.pid, -1);
    if (child.spec.name == essential_) {
      result_ = ExitCode(status);
      stopping_ = true;
      return StopTheOthers();
    }
    if (stopping_) return;
    if (!child.spec.restart) {
      return LogWarning(child.spec.name, " (pid ", pid, ") ended: ", DescribeExit(status));
    }
    ScheduleRestart(child, pid, status);
  }

  void ScheduleRestart(Child& child, pid_t pid, int status) {
    const int deaths = CountDeaths(child, status);
    if (deaths >= options_.deaths) return GiveUp(LastWords(child, status));
    const milliseconds pause = PauseAfter(deaths);
    const std::string text = child.spec.name + " (pid " + std::to_string(pid) +
                             ") ended: " + DescribeExit(status) + "; starting it again in " +
                             std::to_string(pause.count()) + " ms";
    // A worker that ends in good order has heard that the run is over, just before the learner ends.
    deaths == 0 ? LogInfo(text) : LogWarning(text);
    child.restart.expires_after(pause);
    child.restart.async_wait([this, &child](const boost::system::error_code& error) {
      if (!error && !stopping_) Restart(child);
    });
  }

  // The recent ones. An orderly end is none: somebody else wanted the child to go.
  int CountDeaths(Child& child, int status) {
    const auto now = steady_clock::now();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) child.deaths.push_back(now);
    while (!child.deaths.empty() && now - child.deaths.front() > options_.within) {
      child.deaths.pop_front();
    }
    return static_cast<int>(child.deaths.size());
  }

  milliseconds PauseAfter(int deaths) const {
    if (deaths == 0) return kPauseAfterOrderlyEnd;
    return std::min(options_.first_pause * (1 << std::min(deaths - 1, 10)), kLongestPause);
  }

  void Restart(Child& child) {
    try {
      Start(child);
    } catch (const Error& e) {
      GiveUp(e.what());
    }
  }

  std::string LastWords(const Child& child, int status) const {
    std::string text = child.spec.name + " died " + std::to_string(child.deaths.size()) +
                       " times within " + std::to_string(options_.within.count() / 1000) +
                       " s, the last time of " + DescribeExit(status);
    if (child.spec.log.empty()) return text;
    return text + "; the end of " + child.spec.log.string() + ":" + LastLines(child.spec.log);
  }

  void GiveUp(std::string why) {
    if (!failure_) failure_ = std::move(why);
    Stop();
    EndIfNobodyIsLeft();
  }

  // The essential child first: it may still need the others to save its work.
  void Stop() {
    if (std::exchange(stopping_, true)) return;
    if (Child* child = Essential(); child && child->pid > 0) {
      Signal(*child, SIGTERM);
      KillAfterGrace();
    } else {
      StopTheOthers();
    }
  }

  void StopTheOthers() {
    for (Child& child : children_) {
      child.restart.cancel();
      if (child.pid > 0) Signal(child, SIGTERM);
    }
    KillAfterGrace();
  }

  void KillAfterGrace() {
    grace_.expires_after(options_.grace);
    grace_.async_wait([this](const boost::system::error_code& error) {
      if (error) return;
      LogWarning("not everything ended within ", options_.grace.count(), " ms: killing it");
      Kill();
    });
  }

  void Kill() {
    for (Child& child : children_) {
      if (child.pid > 0) Signal(child, SIGKILL);
    }
  }

  // To the child's whole group, so that nothing that it has started is left either.
  static void Signal(const Child& child, int signal) { kill(-child.pid, signal); }

  Child* Essential() {
    const auto found = std::find_if(children_.begin(), children_.end(), [&](const Child& child) {
      return child.spec.name == essential_;
    });
    return found == children_.end() ? nullptr : &*found;
  }

  void EndIfNobodyIsLeft() {
    if (!stopping_) return;
    for (const Child& child : children_) {
      if (child.pid > 0) return;
    }
    io_.stop();
  }

  const std::string essential_;
  const SupervisorOptions options_;
  asio::io_context io_{1};
  asio::signal_set interruptions_{io_, SIGINT, SIGTERM, SIGHUP};
  asio::signal_set deaths_{io_, SIGCHLD};
  asio::steady_timer grace_{io_};
  std::deque<Child> children_;
  bool stopping_ = false;
  int result_ = 1;
  std::optional<std::string> failure_;
};

}  // namespace

int Supervise(const std::vector<ChildSpec>& children, const std::string& essential,
              const SupervisorOptions& options) {
  return Supervisor(children, essential, options).Run();
}

}  // namespace r1zero
