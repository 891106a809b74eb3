// r1zero eval that is cut off, and the same command again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "common/stop.h"
#include "services/evaluation_run.h"
#include "tests/services/eval_verb.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// One problem at a time: an engine takes 64 completions together.
const std::vector<std::string> kOneByOne = {"--samples", "64", "--workers", "1"};

class EvalResume : public EvalVerb {
 protected:
  std::string Out() const { return (folder_ / "rows.jsonl").string(); }
  int64_t RowsWritten() const {
    return std::ranges::count(ReadFile(Out()), '\n') - 1;  // without the header
  }
  // The options that kOneByOne and Arguments say.
  EvaluationOptions Options() const {
    EvaluationOptions o;
    o.model = model_.string();
    o.data.file = data_.string();
    o.verifier = "gsm8k_last";
    o.sampling.group_size = 64;
    o.max_tokens = 20;
    o.workers = 1;
    o.out = Out();
    return o;
  }
};

TEST_F(EvalResume, GoesOnAfterAnyInterruptionToTheSameRows) {
  const std::string whole = Rows("whole.jsonl");
  for (const size_t kept : {size_t{0}, whole.find('\n') + 1, whole.size() / 3, whole.size() - 1}) {
    WriteText(folder_ / "cut.jsonl", whole.substr(0, kept));  // mostly inside a line
    EXPECT_EQ(Rows("cut.jsonl"), whole) << kept;
  }
}

TEST_F(EvalResume, ARowThatIsThereTwiceIsRefusedAndNotGuessed) {
  const std::string whole = Rows("rows.jsonl");
  const size_t second = whole.find('\n') + 1;
  WriteText(Out(), whole + whole.substr(second, whole.find('\n', second) + 1 - second));
  ExpectRefused(Arguments({"--out", Out()}), "rows.jsonl: line 14: row 1 is there a second time");
  EXPECT_EQ(RowsWritten(), 13);
}

TEST_F(EvalResume, TwoEvaluationsDoNotWriteOneFile) {
  {
    const EvaluationRun first(Options());
    ExpectRefused(Arguments({"--samples", "64", "--out", Out()}),
                  "rows.jsonl: in use by process " + std::to_string(getpid()) +
                      "; wait until it has ended, or name another --out");
  }
  EXPECT_EQ(Rows("rows.jsonl", kOneByOne), Rows("other.jsonl", kOneByOne));
  EXPECT_FALSE(std::filesystem::exists(Out() + ".lock"));
}

TEST_F(EvalResume, WhenAskedToStopBeforehandItSamplesNothing) {
  RequestStop();
  const Ran ran = Eval({"--out", Out()});
  ClearStopForTest();
  EXPECT_EQ(ran.status, 130);
  EXPECT_THAT(ran.err, AllOf(HasSubstr("interrupted with 0 of 12 problems done"),
                             HasSubstr("the same command goes on from there")));
  EXPECT_EQ(RowsWritten(), 0);
  EXPECT_EQ(Rows("rows.jsonl"), Rows("other.jsonl"));
}

TEST_F(EvalResume, WhenAskedToStopInTheMiddleItKeepsWhatIsDone) {
  const std::string whole = Rows("other.jsonl", kOneByOne);
  for (const int64_t wanted : {1, 4, 11}) {
    EvaluationRun run(Options());
    EXPECT_FALSE(
        run.Sample([](const EvaluationProgress&) {}, [&] { return RowsWritten() >= wanted; }));
    EXPECT_EQ(RowsWritten(), wanted);
    EXPECT_EQ(run.progress().problems_done, wanted);
  }
  EXPECT_EQ(Rows("rows.jsonl", kOneByOne), whole);
}

// A child process in which `body` runs; how it ended, as waitpid says.
int InChild(const std::function<void()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(testing::Test::HasFailure() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

TEST_F(EvalResume, KilledInTheMiddleItEndsWithTheRowsOfAnUndisturbedOne) {
  const std::string whole = Rows("other.jsonl", kOneByOne);
  for (const int64_t rows : {1, 5, 11}) {  // it goes on where the one before was killed
    const int ended = InChild([&] {
      EvaluationRun(Options()).Sample([](const EvaluationProgress&) {},
                                      [&] {
                                        if (RowsWritten() >= rows) raise(SIGKILL);
                                        return false;
                                      });
    });
    ASSERT_TRUE(WIFSIGNALED(ended));
    EXPECT_EQ(WTERMSIG(ended), SIGKILL);
    EXPECT_EQ(RowsWritten(), rows);
  }
  EXPECT_EQ(Rows("rows.jsonl", kOneByOne), whole);
}

// A file system of `kilobytes` at `folder` that this process alone sees; false if the system does not
// allow that.
bool MountTiny(const std::filesystem::path& folder, int kilobytes) {
  std::filesystem::create_directories(folder);
  const std::string size = "size=" + std::to_string(kilobytes) + "k";
  return unshare(CLONE_NEWNS) == 0 &&
         mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", folder.c_str(), "tmpfs", 0, size.c_str()) == 0;
}

void LimitFiles(rlim_t bytes) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit limit{};
  getrlimit(RLIMIT_FSIZE, &limit);
  limit.rlim_cur = bytes;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

TEST_F(EvalResume, AFullDiskIsSaidAndGoneOnFromOnceThereIsRoom) {
  const std::vector<std::string> flags = {"--samples", "16"};
  const std::string whole = Rows("other.jsonl", flags);
  ASSERT_GT(whole.size(), 20u << 10);
  const std::filesystem::path disk = folder_ / "disk";
  const int ended = InChild([&] {
    const bool is_mounted = MountTiny(disk, 16);
    if (!is_mounted) LimitFiles(12 << 10);
    auto arguments = flags;
    arguments.insert(arguments.end(), {"--out", (disk / "rows.jsonl").string()});
    const Ran full = Eval(arguments);
    EXPECT_EQ(full.status, 1);
    EXPECT_EQ(full.out, "");
    EXPECT_THAT(full.err,
                AllOf(HasSubstr("disk/rows.jsonl: cannot be appended to: "),
                      HasSubstr(is_mounted ? "No space left on device" : "File too large")));
    const std::string kept = ReadFile(disk / "rows.jsonl");
    EXPECT_GT(std::ranges::count(kept, '\n'), 1);
    EXPECT_TRUE(kept.ends_with("}\n"));  // no torn row
    const Ran again = Eval(arguments);
    EXPECT_EQ(again.status, 1);
    EXPECT_EQ(ReadFile(disk / "rows.jsonl").size(), kept.size());
    if (is_mounted)
      ASSERT_EQ(mount("none", disk.c_str(), "tmpfs", MS_REMOUNT, "size=1m"), 0);
    else
      LimitFiles(RLIM_INFINITY);
    const Ran whole_again = Eval(arguments);
    EXPECT_EQ(whole_again.status, 0) << whole_again.err;
    EXPECT_EQ(ReadFile(disk / "rows.jsonl"), whole);
  });
  EXPECT_TRUE(WIFEXITED(ended));
  EXPECT_EQ(WEXITSTATUS(ended), 0);
}

TEST_F(EvalResume, RefusesRowsThatAreNotOfTheData) {
  const std::string rows = Rows("rows.jsonl");
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = rows;
    changed.replace(changed.find(from), from.size(), to);
    WriteText(folder_ / "rows.jsonl", changed);
    return Arguments({"--out", (folder_ / "rows.jsonl").string()});
  };
  ExpectRefused(with("\"row\":3,", "\"row\":0,"), "row is 0, expected a whole number from 1");
  ExpectRefused(with("\"row\":3,", "\"row\":1.7,"), "row is 1.7");
  ExpectRefused(with("\"row\":3,", "\"row\":4,"), "row 4 is there a second time");
  ExpectRefused(with("\"right\":", "\"right\":9"), "its completions have");
  const size_t second = rows.find('\n') + 1, third = rows.find('\n', second) + 1;
  std::string moved = rows.substr(0, second) + rows.substr(second, third - second);
  moved.replace(moved.find("\"row\":1,"), 8, "\"row\":2,");
  WriteText(folder_ / "rows.jsonl", moved);
  ExpectRefused(Arguments({"--out", (folder_ / "rows.jsonl").string()}),
                "row 2 is of another prompt than row 2 of");
}

TEST_F(EvalResume, RefusesRowsOfOtherSettingsByName) {
  const std::string rows = Rows("rows.jsonl");
  const std::string out = (folder_ / "rows.jsonl").string();
  ExpectRefused(Arguments({"--out", out, "--seed", "7"}), "was made with seed 1, this is 7");
  ExpectRefused(Arguments({"--out", out, "--top-k", "5"}), "was made with top_k 0, this is 5");
  ExpectRefused(Arguments({"--out", out, "--storage", "bfloat16"}),
                "was made with storage \"float32\", this is \"bfloat16\"");
  SaveEvalModel(model_, /*seed=*/2);
  ExpectRefused(Arguments({"--out", out}), "was made with weight_sha256");
  ExpectRefused(Arguments({"--out", data_.string()}), "not a row of what r1zero eval --out writes");
  EXPECT_EQ(ReadFile(out), rows);
}

}  // namespace
}  // namespace r1zero
