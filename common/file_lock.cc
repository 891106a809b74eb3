#include "common/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

// A process that was killed a moment ago may still be letting go of its files.
constexpr std::chrono::seconds kPatience{2};

[[noreturn]] void FailWithReason(const fs::path& path, std::string_view what) {
  const std::string reason = std::strerror(errno);
  Fail(path.string(), ": ", what, ": ", reason);
}

// A holder that removes its file lets others lock what has no name any more.
bool IsStillNamed(int fd, const fs::path& path) {
  struct stat locked, named;
  return fstat(fd, &locked) == 0 && stat(path.c_str(), &named) == 0 &&
         locked.st_dev == named.st_dev && locked.st_ino == named.st_ino;
}

// -1 while another process has it.
int TryToLock(const fs::path& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) FailWithReason(path, "lock file cannot be opened");
  const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  const int reason = errno;
  if (locked && IsStillNamed(fd, path)) return fd;
  close(fd);
  errno = reason;
  if (!locked && reason != EWOULDBLOCK) FailWithReason(path, "cannot be locked");
  return -1;
}

void WritePid(int fd, const fs::path& path) {
  const std::string pid = std::to_string(getpid());
  if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) != std::ssize(pid))
    FailWithReason(path, "cannot be written");
}

}  // namespace

FileLock::FileLock(fs::path path, std::string_view what, std::string_view instead, AtEnd at_end)
    : path_(std::move(path)), at_end_(at_end) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while ((fd_ = TryToLock(path_)) < 0) {
    if (std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const std::string holder = fs::exists(path_) ? ReadFile(path_, 64) : "";
    Fail(what, ": in use by ", holder.empty() ? "another process" : "process " + holder,
         "; wait until it has ended, or ", instead);
  }
  try {
    WritePid(fd_, path_);
  } catch (...) {
    close(fd_);
    throw;
  }
}

FileLock::~FileLock() {
  if (at_end_ == AtEnd::kRemoveFile) unlink(path_.c_str());
  close(fd_);
}

}  // namespace r1zero
