#include "common/stop.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace r1zero {
namespace {

TEST(Stop, EachSignalSetsTheFlag) {
  signal(SIGHUP, SIG_DFL);  // the tests may run under nohup
  InstallStopSignals();
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    ClearStopForTest();
    EXPECT_FALSE(StopRequested());
    raise(signal);
    EXPECT_TRUE(StopRequested());
  }
  ClearStopForTest();
}

TEST(Stop, AHangUpThatIsIgnoredStaysIgnored) {
  const auto before = signal(SIGHUP, SIG_IGN);
  InstallStopSignals();
  raise(SIGHUP);
  EXPECT_FALSE(StopRequested());
  signal(SIGHUP, before);
}

TEST(Stop, CanBeRequestedWithoutASignal) {
  RequestStop();
  EXPECT_TRUE(StopRequested());
  ClearStopForTest();
  EXPECT_FALSE(StopRequested());
}

TEST(StopDeathTest, ASecondInterruptEndsTheProcessWithStatus130) {
  const auto interrupt_twice = [] {
    InstallStopSignals();
    raise(SIGINT);
    raise(SIGINT);
  };
  EXPECT_EXIT(interrupt_twice(), testing::ExitedWithCode(130), "");
}

TEST(StopDeathTest, AnInterruptAfterATermIsTheFirstInterrupt) {
  const auto term_then_interrupt = [] {
    InstallStopSignals();
    raise(SIGTERM);
    raise(SIGTERM);
    raise(SIGINT);
    _exit(7);
  };
  EXPECT_EXIT(term_then_interrupt(), testing::ExitedWithCode(7), "");
}

}  // namespace
}  // namespace r1zero
