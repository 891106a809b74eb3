#include "common/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <memory>

#include "common/error.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Files : public testing::Test {
 protected:
  Files()
      : folder_(fs::path(testing::TempDir()) /
                ("file_test_" + std::to_string(getpid()) + "_" +
                 testing::UnitTest::GetInstance()->current_test_info()->name())) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  ~Files() override { fs::remove_all(folder_); }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

  fs::path folder_;
};

std::string ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// Runs `act` in a child whose files may not grow beyond `bytes`, as on a disk that fills up.
void InChildWithFileLimit(size_t bytes, const std::function<bool()>& act) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit = {bytes, bytes};
    setrlimit(RLIMIT_FSIZE, &limit);
    _exit(act() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(Files, ReadFileGivesEveryByte) {
  std::string content;
  for (int i = 0; i < 100'000; ++i) content += static_cast<char>(i * i);
  std::ofstream(folder_ / "x", std::ios::binary) << content;
  EXPECT_EQ(ReadFile(folder_ / "x"), content);
  EXPECT_EQ(ReadFile(folder_ / "x", content.size()), content);
}

TEST_F(Files, ReadFileReadsFilesThatDoNotSayTheirSize) {
  EXPECT_THAT(ReadFile("/proc/self/status"), AllOf(StartsWith("Name:"), HasSubstr("VmPeak")));
}

TEST_F(Files, ReadFileNamesPathAndReason) {
  EXPECT_THAT(ErrorOf([&] { ReadFile(folder_ / "missing"); }),
              HasSubstr("/missing: cannot be opened: No such file or directory"));
  EXPECT_THAT(ErrorOf([&] { ReadFile(folder_); }), HasSubstr("cannot be read: Is a directory"));
}

TEST_F(Files, ReadFileStopsAtItsLimit) {
  std::ofstream(folder_ / "x") << "12345";
  EXPECT_THAT(ErrorOf([&] { ReadFile(folder_ / "x", 4); }),
              HasSubstr("larger than the limit of 4 bytes"));
  EXPECT_THAT(ErrorOf([&] { ReadFile("/dev/zero", 4096); }), HasSubstr("larger than the limit"));
}

TEST_F(Files, WriteFileDurablyReplacesTheWholeFileAndLeavesNothingElse) {
  const fs::path path = folder_ / "x";
  WriteFileDurably(path, "a long first content");
  WriteFileDurably(path, "short");
  EXPECT_EQ(ReadFile(path), "short");
  EXPECT_THAT(Names(), ElementsAre("x"));
}

TEST_F(Files, WriteFileDurablyKeepsTheOldContentWhenTheDiskIsFull) {
  const fs::path path = folder_ / "x";
  WriteFileDurably(path, "old");
  InChildWithFileLimit(1000, [&] {
    return ErrorOf([&] {
             WriteFileDurably(path, std::string(5000, 'n'));
           }).find("cannot be written") != std::string::npos;
  });
  EXPECT_EQ(ReadFile(path), "old");
  EXPECT_THAT(Names(), ElementsAre("x"));
}

TEST_F(Files, WriteFileDurablyNamesPathAndReason) {
  EXPECT_THAT(ErrorOf([&] { WriteFileDurably(folder_ / "no" / "x", "y"); }),
              HasSubstr("cannot be created: No such file or directory"));
}

TEST_F(Files, PublishFolderMovesEverything) {
  fs::create_directories(folder_ / "new" / "inner");
  std::ofstream(folder_ / "new" / "inner" / "x") << "deep";
  PublishFolder(folder_ / "new", folder_ / "final");
  EXPECT_EQ(ReadFile(folder_ / "final" / "inner" / "x"), "deep");
  EXPECT_THAT(Names(), ElementsAre("final"));
}

TEST_F(Files, PublishFolderNeverReplaces) {
  fs::create_directories(folder_ / "new");
  fs::create_directories(folder_ / "final");
  EXPECT_THAT(ErrorOf([&] { PublishFolder(folder_ / "new", folder_ / "final"); }),
              HasSubstr("final: exists already"));
  EXPECT_THAT(Names(), ElementsAre("final", "new"));
}

TEST_F(Files, EnsureWritableFolderCreatesParentsAndLeavesNothing) {
  EnsureWritableFolder(folder_ / "a" / "b");
  EXPECT_TRUE(fs::is_empty(folder_ / "a" / "b"));
}

TEST_F(Files, EnsureWritableFolderRefusesWhatCannotBeWrittenTo) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_THAT(ErrorOf([&] { EnsureWritableFolder(folder_ / "file" / "below"); }),
              HasSubstr("file/below: folder cannot be created: Not a directory"));
  EXPECT_THAT(ErrorOf([&] { EnsureWritableFolder("/proc/self"); }), HasSubstr("/proc/self"));
}

TEST_F(Files, MappedFileShowsTheBytesAndMoves) {
  std::ofstream(folder_ / "x") << "mapped";
  MappedFile first(folder_ / "x");
  const MappedFile second(std::move(first));
  EXPECT_TRUE(first.bytes().empty());
  ASSERT_EQ(second.bytes().size(), 6u);
  EXPECT_EQ(second.bytes()[0], std::byte{'m'});
}

TEST_F(Files, MappedFileTakesAnEmptyFileAndRefusesAFolder) {
  std::ofstream(folder_ / "empty");
  EXPECT_TRUE(MappedFile(folder_ / "empty").bytes().empty());
  EXPECT_THAT(ErrorOf([&] { MappedFile{folder_}; }), HasSubstr("not a regular file"));
  EXPECT_THAT(ErrorOf([&] { MappedFile{folder_ / "missing"}; }), HasSubstr("No such file"));
}

TEST_F(Files, AppendFileContinuesWhatIsThere) {
  AppendFile(folder_ / "log").Append("one ");
  AppendFile log(folder_ / "log");
  log.Append("two ");
  log.Append("three");
  log.Sync();
  EXPECT_EQ(ReadFile(folder_ / "log"), "one two three");
}

TEST_F(Files, AppendFileLeavesNoPartOfARecordWhenTheDiskFills) {
  AppendFile log(folder_ / "log");
  log.Append("first ");
  InChildWithFileLimit(10, [&] {  // four bytes of the next record still fit
    return ErrorOf([&] {
             log.Append("second record");
           }).find("log: cannot be appended to: File too large") != std::string::npos;
  });
  log.Append("third");
  EXPECT_EQ(ReadFile(folder_ / "log"), "first third");
}

TEST_F(Files, AppendFileReportsAFullDevice) {
  AppendFile log("/dev/full");
  EXPECT_EQ(ErrorOf([&] { log.Append("x"); }),
            "/dev/full: cannot be appended to: No space left on device");
}

TEST_F(Files, AFailedSyncIsAnError) {
  AppendFile log("/proc/self/comm");  // takes writes, cannot be synced
  EXPECT_THAT(ErrorOf([&] { log.Sync(); }), HasSubstr("/proc/self/comm: cannot be synced"));
}

}  // namespace
}  // namespace r1zero
