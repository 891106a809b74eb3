#include "services/supervisor.h"

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <optional>

#include "common/error.h"
#include "common/log.h"
#include "common/stop.h"
#include "services/process.h"
#include "services/recent.h"
#include "services/supervisor_text.h"

namespace r1zero {
namespace {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLongestPause{5'000};
constexpr milliseconds kPauseAfterOrderlyEnd{1'000};

// "worker" of "worker-1": such children do each other's work.
std::string KindOf(const std::string& name) { return name.substr(0, name.rfind('-')); }

struct Child {
  ChildSpec spec;
  Recent failures, kills;
  asio::steady_timer restart;
  pid_t pid = -1;  // -1: does not run
  bool left_out = false;
};

class Supervisor {
 public:
  Supervisor(const std::vector<ChildSpec>& specs, const std::string& essential,
             const SupervisorOptions& options)
      : essential_(essential), options_(options) {
    for (const ChildSpec& spec : specs) {
      children_.push_back({.spec = spec,
                           .failures = Recent(options.within),
                           .kills = Recent(options.within),
                           .restart = asio::steady_timer(io_)});
    }
    // With nohup it is ignored, and stays so.
    if (!IsIgnored(SIGHUP)) interruptions_.add(SIGHUP);
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
    if (interrupted_ && result_ > kInterruptedStatus)
      result_ = kInterruptedStatus;  // it was killed
    if (result_ == kInterruptedStatus || (interrupted_ && result_ != 0))
      Say(options_.speaker, "interrupted; " + options_.hint);
    return result_;
  }

 private:
  void Start(Child& child) {
    child.pid = StartProcess({.argv = child.spec.argv, .log = child.spec.log});
  }

  void AwaitSignal() {
    interruptions_.async_wait([this](const boost::system::error_code& error, int signal) {
      if (error) return;
      interrupted_ = true;
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
    if (child.spec.name == essential_) return OnEssentialDeath(status);
    if (stopping_) return;
    const std::string who = child.spec.name + " (pid " + std::to_string(pid) + ") ";
    if (!child.spec.restart) return Warn(who + DescribeExit(status));
    switch (CauseOf(status)) {
      case ExitCause::kOrderly:  // it has heard that the run is over, just before the learner ends
        LogInfo(who, DescribeExit(status));
        return StartAfter(kPauseAfterOrderlyEnd, child);
      case ExitCause::kOutside: return OnKill(child, who, status);
      case ExitCause::kItself: return OnFailure(child, who, status);
    }
  }

  void OnEssentialDeath(int status) {
    result_ = ExitCode(status);
    if (WIFSIGNALED(status) && WTERMSIG(status) != sent_) {
      Say(options_.speaker, "the " + essential_ + " " + DescribeExit(status) + MemoryHint(status) +
                                LogsAt() + "; " + options_.hint);
    }
    stopping_ = true;
    StopTheOthers();
  }

  // However often: it says nothing about the program, and the others go on meanwhile.
  void OnKill(Child& child, const std::string& who, int status) {
    const int kills = child.kills.Add(steady_clock::now());
    const milliseconds pause = PauseAfter(kills);
    const std::string often = " (" + std::to_string(kills) + " times in " +
                              std::to_string(child.kills.span().count()) + " s)" +
                              MemoryHint(status);
    Warn(who + DescribeExit(status) + (kills > 1 ? often : "") + "; starting it again in " +
         InSeconds(pause));
    StartAfter(pause, child);
  }

  void OnFailure(Child& child, const std::string& who, int status) {
    const int failures = child.failures.Add(steady_clock::now());
    if (failures >= options_.failures) {
      return OthersDoItsWork(child) ? LeaveOut(child, status) : GiveUp(LastWords(child, status));
    }
    const milliseconds pause = PauseAfter(failures);
    Warn(who + DescribeExit(status) + "; starting it again in " + InSeconds(pause));
    StartAfter(pause, child);
  }

  bool OthersDoItsWork(const Child& child) const {
    return std::any_of(children_.begin(), children_.end(), [&](const Child& other) {
      return &other != &child && !other.left_out &&
             KindOf(other.spec.name) == KindOf(child.spec.name);
    });
  }

  void LeaveOut(Child& child, int status) {
    child.left_out = true;
    std::string text = HowOften(child, status) + "; going on without it";
    if (!child.spec.log.empty())
      text += "; the last line of " + child.spec.log.string() + ": " + LastLine(child.spec.log);
    Warn(text);
  }

  void StartAfter(milliseconds pause, Child& child) {
    child.restart.expires_after(pause);
    child.restart.async_wait([this, &child](const boost::system::error_code& error) {
      if (!error && !stopping_) Restart(child);
    });
  }

  milliseconds PauseAfter(int deaths) const {
    return std::min(options_.first_pause * (1 << std::min(deaths - 1, 10)), kLongestPause);
  }

  void Restart(Child& child) {
    try {
      Start(child);
    } catch (const Error& e) {
      GiveUp(e.what());
    }
  }

  std::string HowOften(const Child& child, int status) const {
    return child.spec.name + " failed " + std::to_string(child.failures.count()) +
           " times within " + std::to_string(options_.within.count() / 1000) + " s, at last it " +
           DescribeExit(status);
  }

  std::string LastWords(const Child& child, int status) const {
    const std::string text = HowOften(child, status);
    if (child.spec.log.empty()) return text;
    return text + "; the end of " + child.spec.log.string() + ":" + LastLines(child.spec.log);
  }

  std::string LogsAt() const {
    for (const Child& child : children_)
      if (!child.spec.log.empty()) return "; logs are in " + child.spec.log.parent_path().string();
    return "";
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
      Warn("not everything ended within " + InSeconds(options_.grace) + ": killing it");
      Kill();
    });
  }

  void Kill() {
    for (Child& child : children_) {
      if (child.pid > 0) Signal(child, SIGKILL);
    }
  }

  // To the child's whole group, so that nothing that it has started is left either.
  void Signal(const Child& child, int signal) {
    sent_ = signal;
    kill(-child.pid, signal);
  }

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
  asio::signal_set interruptions_{io_, SIGINT, SIGTERM, SIGQUIT};
  asio::signal_set deaths_{io_, SIGCHLD};
  asio::steady_timer grace_{io_};
  std::deque<Child> children_;
  bool stopping_ = false, interrupted_ = false;
  int sent_ = 0;  // the last signal to a child
  int result_ = 1;
  std::optional<std::string> failure_;
};

}  // namespace

int Supervise(const std::vector<ChildSpec>& children, const std::string& essential,
              const SupervisorOptions& options) {
  return Supervisor(children, essential, options).Run();
}

}  // namespace r1zero
