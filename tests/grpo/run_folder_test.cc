#include "grpo/run_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Mode = RunFolder::Mode;

TEST(RunFolder, CreatesItsFolders) {
  const TestFolder test;
  const RunFolder folder(test.path() / "out" / "signs", Mode::kNew);
  for (const fs::path& made : {folder.checkpoints(), folder.logs(), folder.events()})
    EXPECT_TRUE(fs::is_directory(made));
}

TEST(RunFolder, IsHeldByOneProcessAtATime) {
  const TestFolder test;
  const RunFolder folder(test.path() / "signs", Mode::kNew);
  for (Mode mode : {Mode::kNew, Mode::kOpen})
    EXPECT_THROW(RunFolder(test.path() / "signs", mode), Error);
  WriteFileDurably(folder.config(), "");
  EXPECT_THROW(RunFolder(test.path() / "signs", Mode::kReplace), Error);
  EXPECT_THROW(RunFolder(test.path() / "signs", Mode::kResume), Error);
}

TEST(RunFolder, OfARunIsResumedReplacedOrOpenedButNotTakenForNew) {
  const TestFolder test;
  const fs::path path = test.path() / "signs";
  { WriteFileDurably(RunFolder(path, Mode::kNew).config(), "first"); }
  EXPECT_THAT([&] { RunFolder(path, Mode::kNew); },
              ThrowsMessage<Error>(HasSubstr("holds a run already")));
  { EXPECT_TRUE(fs::exists(RunFolder(path, Mode::kResume).config())); }
  { EXPECT_TRUE(fs::exists(RunFolder(path, Mode::kOpen).config())); }
  { WriteFileDurably(RunFolder(path / "", Mode::kReplace).config(), "second"); }
  { EXPECT_FALSE(fs::exists(RunFolder(path, Mode::kReplace).config())); }
  EXPECT_EQ(ReadFile(test.path() / "signs.1" / "config.toml"), "first");
  EXPECT_EQ(ReadFile(test.path() / "signs.2" / "config.toml"), "second");
}

TEST(RunFolder, ResumesNothingFromNothingAndLeavesNothing) {
  const TestFolder test;
  EXPECT_THAT([&] { RunFolder(test.path() / "none", Mode::kResume); },
              ThrowsMessage<Error>(HasSubstr("no run to resume")));
  EXPECT_FALSE(fs::exists(test.path() / "none"));
}

}  // namespace
}  // namespace r1zero
