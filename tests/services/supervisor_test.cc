#include "services/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "common/error.h"
#include "common/log.h"
#include "services/process.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Children are shell scripts that tell what they do in files of the test's folder.
class SupervisorTest : public ::testing::Test {
 protected:
  SupervisorTest() {
    SetLogLevel(LogLevel::kError);
    signal(SIGHUP, SIG_DFL);  // the tests may run under nohup
  }
  ~SupervisorTest() override { SetLogLevel(LogLevel::kInfo); }

  ChildSpec Shell(const std::string& name, const std::string& script, bool restart = false) {
    return {.name = name,
            .argv = {"/bin/sh", "-c", "cd " + folder_.path().string() + "; " + script},
            .log = folder_.path() / (name + ".log"),
            .restart = restart};
  }
  std::string Read(const std::string& name) {
    std::ifstream file(folder_.path() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // The number that a child writes into a file, once it is there as a whole line.
  pid_t AwaitPid(const std::string& name) {
    for (;;) {
      if (const std::string text = Read(name); text.ends_with('\n')) return std::stoi(text);
      std::this_thread::sleep_for(2ms);
    }
  }
  // Supervises in a process of its own; its exit status, or 200 with the error in the file "error".
  pid_t Fork(const std::vector<ChildSpec>& children) {
    const pid_t pid = fork();
    if (pid != 0) return pid;
    Require(std::freopen((folder_.path() / "said").c_str(), "w", stderr) != nullptr, "said");
    try {
      const int status = Supervise(children, "learner", options_);
      std::fflush(stderr);
      _exit(status);
    } catch (const Error& e) {
      std::ofstream(folder_.path() / "error") << e.what();
      _exit(200);
    }
  }
  static int Wait(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  }
  // Gone, or a zombie that whoever inherited it has not reaped yet.
  static bool IsGone(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string stat((std::istreambuf_iterator<char>(file)), {});
    return stat.empty() || stat.find(") Z") != std::string::npos;
  }
  static void ExpectGoneSoon(pid_t pid) {
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!IsGone(pid) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(2ms);
    EXPECT_TRUE(IsGone(pid));
  }

  const std::string kLives = "echo $$ > pid; exec sleep 100";
  TestFolder folder_;
  SupervisorOptions options_{.grace = 60s, .first_pause = 1ms};
};

TEST_F(SupervisorTest, ReturnsTheStatusOfTheEssentialChildAndEndsTheOthers) {
  EXPECT_EQ(Supervise({Shell("learner", "while [ ! -s pid ]; do sleep 0.01; done; exit 7"),
                       Shell("worker", kLives, true)},
                      "learner", options_),
            7);
  EXPECT_TRUE(IsGone(AwaitPid("pid")));
}

TEST_F(SupervisorTest, ReportsAChildThatASignalKilledAsAShellDoes) {
  EXPECT_EQ(Supervise({Shell("learner", "kill -9 $$")}, "learner", options_), 128 + 9);
}

TEST_F(SupervisorTest, SaysWhatKilledTheEssentialChildAndHowToGoOn) {
  testing::internal::CaptureStderr();
  Supervise({Shell("learner", "kill -9 $$")}, "learner", options_);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "r1zero train: the learner was killed by SIGKILL; the machine may be short of memory; "
            "logs are in " +
                folder_.path().string() +
                "; r1zero train ... --resume goes on from the last checkpoint\n");
}

TEST_F(SupervisorTest, StartsAChildAgainThatDied) {
  EXPECT_EQ(Supervise({Shell("learner", "while [ ! -s second ]; do sleep 0.01; done; exit 0"),
                       Shell("worker",
                             "if [ -s first ]; then echo 2 > second; exec sleep 100; fi; "
                             "echo 1 > first; kill -9 $$",
                             true)},
                      "learner", options_),
            0);
}

TEST_F(SupervisorTest, GivesUpOnAChildThatKeepsDyingWithItsLastWords) {
  EXPECT_THAT(
      [&] {
        Supervise({Shell("learner", kLives), Shell("worker",
                                                   "while [ ! -s pid ]; do sleep 0.01; done; "
                                                   "echo out of luck >&2; exit 3",
                                                   true)},
                  "learner", options_);
      },
      ThrowsMessage<Error>(AllOf(HasSubstr("worker failed 5 times within 30 s"),
                                 HasSubstr("exit status 3"), HasSubstr("worker.log:"),
                                 HasSubstr("out of luck"))));
  EXPECT_TRUE(IsGone(AwaitPid("pid")));
}

TEST_F(SupervisorTest, AChildThatIsKilledAgainAndAgainIsStartedAgainEachTime) {
  SetLogLevel(LogLevel::kWarning);
  testing::internal::CaptureStderr();
  EXPECT_EQ(Supervise({Shell("learner", "while [ ! -s done ]; do sleep 0.01; done; exit 0"),
                       Shell("worker",
                             "if [ -s starts ] && [ $(wc -l < starts) -eq 7 ]; then echo 1 > done; "
                             "exec sleep 100; fi; echo 1 >> starts; kill -9 $$",
                             true)},
                      "learner", options_),
            0);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("was killed by SIGKILL (7 times in 1 s); the machine may be short of "
                        "memory; starting it again in 0.1 s"));
}

TEST_F(SupervisorTest, AnEndAfterATermFromOutsideIsNoFailure) {
  EXPECT_EQ(Supervise({Shell("learner", "while [ ! -s done ]; do sleep 0.01; done; exit 0"),
                       Shell("worker",
                             "if [ -s starts ] && [ $(wc -l < starts) -eq 7 ]; then "
                             "echo 1 > done; exec sleep 100; fi; echo 1 >> starts; exit 130",
                             true)},
                      "learner", options_),
            0);
}

TEST_F(SupervisorTest, AWorkerThatKeepsFailingIsLeftOutWhileAnotherWorks) {
  SetLogLevel(LogLevel::kWarning);
  testing::internal::CaptureStderr();
  EXPECT_EQ(Supervise({Shell("learner",
                             "while [ ! -s starts ] || [ $(wc -l < starts) -lt 5 ]; do "
                             "sleep 0.01; done; sleep 0.3; exit 0"),
                       Shell("worker-0", "exec sleep 100", true),
                       Shell("worker-1", "echo 1 >> starts; echo out of luck >&2; exit 3", true)},
                      "learner", options_),
            0);
  EXPECT_EQ(Read("starts"), "1\n1\n1\n1\n1\n");
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("worker-1 failed 5 times within 30 s"),
                    HasSubstr("exit status 3; going on without it"),
                    HasSubstr("worker-1.log: out of luck")));
}

TEST_F(SupervisorTest, GivesUpOnceTheLastWorkerKeepsFailing) {
  const std::string fails = "while [ ! -s pid ]; do sleep 0.01; done; kill -SEGV $$";
  EXPECT_THAT(
      [&] {
        Supervise({Shell("learner", kLives), Shell("worker-0", fails, true),
                   Shell("worker-1", fails, true)},
                  "learner", options_);
      },
      ThrowsMessage<Error>(
          HasSubstr("failed 5 times within 30 s, at last it was killed by SIGSEGV")));
}

TEST_F(SupervisorTest, SaysWhichProgramItCannotStartAndEndsTheOthers) {
  ChildSpec missing{.name = "worker", .argv = {"/no/such/program"}};
  EXPECT_THAT(
      [&] {
        Supervise({Shell("learner", kLives), missing}, "learner", options_);
      },
      ThrowsMessage<Error>(HasSubstr("cannot start /no/such/program: No such file")));
}

TEST_F(SupervisorTest, AppendsToTheLogOfAChild) {
  std::ofstream(folder_.path() / "learner.log") << "before\n";
  Supervise({Shell("learner", "echo out; echo err >&2")}, "learner", options_);
  EXPECT_EQ(Read("learner.log"), "before\nout\nerr\n");
}

TEST_F(SupervisorTest, AnInterruptionReachesTheLearnerFirstWhichMayTakeItsTime) {
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) {
    const pid_t supervisor =
        Fork({Shell("learner",
                    "trap 'test -s worker-ended && echo early > early; exit 130' TERM; "
                    "echo $$ > pid; while true; do sleep 0.01; done"),
              Shell("worker",
                    "trap 'echo ended > worker-ended; exit 0' TERM; echo $$ > worker-pid; "
                    "while true; do sleep 0.01; done",
                    true)});
    const pid_t learner = AwaitPid("pid"), worker = AwaitPid("worker-pid");
    kill(supervisor, signal);
    EXPECT_EQ(Wait(supervisor), 130);
    EXPECT_TRUE(IsGone(learner));
    EXPECT_TRUE(IsGone(worker));
    EXPECT_EQ(Read("worker-ended"), "ended\n");
    EXPECT_EQ(Read("early"), "");
    EXPECT_EQ(Read("said"),
              "r1zero train: interrupted; r1zero train ... --resume goes on from the last "
              "checkpoint\n");
    for (const char* name : {"pid", "worker-pid", "worker-ended"})
      std::filesystem::remove(folder_.path() / name);
  }
}

TEST_F(SupervisorTest, AHangUpThatIsIgnoredAsNohupDoesIsIgnoredByTheChildrenToo) {
  const auto before = signal(SIGHUP, SIG_IGN);
  EXPECT_EQ(Supervise({Shell("learner", "kill -HUP $$ $PPID; exit 3")}, "learner", options_), 3);
  signal(SIGHUP, before);
}

TEST_F(SupervisorTest, KillsWhatDoesNotEndInTime) {
  options_.grace = 200ms;
  const pid_t supervisor =
      Fork({Shell("learner", "trap '' TERM; echo $$ > pid; while true; do sleep 0.01; done")});
  const pid_t learner = AwaitPid("pid");
  kill(supervisor, SIGTERM);
  EXPECT_EQ(Wait(supervisor), kInterruptedStatus);
  EXPECT_TRUE(IsGone(learner));
}

TEST_F(SupervisorTest, ASecondInterruptionKillsAtOnce) {
  const pid_t supervisor = Fork(
      {Shell("learner",
             "trap 'echo asked > asked' TERM; echo $$ > pid; while true; do sleep 0.01; done")});
  AwaitPid("pid");
  kill(supervisor, SIGINT);
  while (Read("asked").empty()) std::this_thread::sleep_for(2ms);
  kill(supervisor, SIGINT);
  EXPECT_EQ(Wait(supervisor), kInterruptedStatus);
}

TEST_F(SupervisorTest, NothingIsLeftWhenTheSupervisorIsKilled) {
  const pid_t supervisor = Fork(
      {Shell("learner", kLives), Shell("worker", "echo $$ > worker-pid; exec sleep 100", true)});
  const pid_t learner = AwaitPid("pid"), worker = AwaitPid("worker-pid");
  kill(supervisor, SIGKILL);
  EXPECT_EQ(Wait(supervisor), -SIGKILL);
  ExpectGoneSoon(learner);
  ExpectGoneSoon(worker);
}

}  // namespace
}  // namespace r1zero
