#include "common/file_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/error.h"
#include "tests/policy/test_folder.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

class FileLocks : public testing::Test {
 protected:
  FileLock LockOfRows() const {
    return {folder_ / "rows.lock", "rows", "name another", FileLock::AtEnd::kRemoveFile};
  }

  const TestFolder place_;
  const fs::path folder_ = place_.path();
};

std::string ErrorOf(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(FileLocks, ALockThatRemovesItsFileLeavesNothingBehind) {
  {
    const FileLock lock = LockOfRows();
    EXPECT_EQ(ErrorOf([&] { LockOfRows(); }), "rows: in use by process " +
                                                  std::to_string(getpid()) +
                                                  "; wait until it has ended, or name another");
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(FileLocks, OnlyOneOfManyHoldsALockWhoseFileComesAndGoes) {
  std::atomic<int> holders = 0, most = 0, taken = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round) try {
          const FileLock lock = LockOfRows();
          most = std::max<int>(most, ++holders);
          ++taken;
          std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that two would meet
          --holders;
        } catch (const Error&) {  // two seconds of bad luck
        }
    });
  threads.clear();
  EXPECT_EQ(most, 1);
  EXPECT_GE(taken, 20);
}

TEST_F(FileLocks, AFolderThatIsNotThereIsNamed) {
  EXPECT_EQ(ErrorOf([&] { FolderLock lock(folder_ / "none"); }),
            (folder_ / "none" / ".lock").string() +
                ": lock file cannot be opened: No such file or directory");
}

TEST_F(FileLocks, FolderLockIsExclusiveAndNamesItsHolder) {
  const FolderLock lock(folder_);
  EXPECT_EQ(ErrorOf([&] { FolderLock second(folder_); }),
            folder_.string() + ": in use by process " + std::to_string(getpid()) +
                "; wait until it has ended, or take another folder");
  const FolderLock other_name(folder_, "other.lock");
}

TEST_F(FileLocks, FolderLockWaitsForAHolderThatIsAboutToLetGo) {
  auto lock = std::make_unique<FolderLock>(folder_);
  std::thread dying([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    lock.reset();
  });
  EXPECT_NO_THROW(FolderLock{folder_});
  dying.join();
}

TEST_F(FileLocks, FolderLockIsFreeAgainAfterItsHolderIsGone) {
  { const FolderLock lock(folder_); }
  const pid_t child = fork();
  if (child == 0) {
    new FolderLock(folder_);
    raise(SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_NO_THROW(FolderLock{folder_});
}

}  // namespace
}  // namespace r1zero
