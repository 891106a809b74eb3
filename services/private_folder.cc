#include "services/private_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "common/error.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "r1zero-", kPattern = "XXXXXX";
constexpr const char* kLock = "owner";

fs::path TemporaryFolder() {
  const char* set = std::getenv("TMPDIR");
  const fs::path path = set && *set ? set : "/tmp";
  std::error_code ignored;
  Require(fs::is_directory(path, ignored), "TMPDIR is '", path.string(),
          "', which is not a folder; create it, or unset TMPDIR for /tmp");
  return fs::absolute(path);
}

bool HasOurName(const std::string& name) {
  return name.size() == kPrefix.size() + kPattern.size() && name.starts_with(kPrefix) &&
         std::all_of(name.begin() + kPrefix.size(), name.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0; });
}

// A folder, no link to one, of this user, that nobody else can enter.
bool IsPrivate(const fs::path& path) {
  struct stat info {};
  return lstat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid() &&
         (info.st_mode & 077) == 0;
}

// -1 if there is no lock file or somebody holds it.
int TryLock(const fs::path& folder, int flags) {
  const int fd = open((folder / kLock).c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
  if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
  close(fd);
  return -1;
}

void RemoveIfOwnerIsGone(const fs::path& folder) {
  const int lock = TryLock(folder, 0);
  if (lock < 0) return;
  std::error_code ignored;
  fs::remove_all(folder, ignored);
  close(lock);
}

void RemoveTheDead(const fs::path& below) {
  std::error_code ignored;
  for (fs::directory_iterator entry(below, ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    const fs::path& path = entry->path();
    if (HasOurName(path.filename().string()) && IsPrivate(path)) RemoveIfOwnerIsGone(path);
  }
}

fs::path MakeFolder(const fs::path& below) {
  std::string name = (below / kPrefix).string() + std::string(kPattern);
  const bool made = mkdtemp(name.data()) != nullptr;  // before errno is read
  Require(made, "cannot make a folder in ", below.string(), ": ", std::strerror(errno),
          "; set TMPDIR to a folder that can be written to");
  return name;
}

// Between the making and the locking of its lock file a folder looks dead to another run, which then
// has the lock or has removed the file.
bool StillThere(int lock) {
  struct stat info {};
  return lock >= 0 && fstat(lock, &info) == 0 && info.st_nlink > 0;
}

}  // namespace

PrivateFolder::PrivateFolder() {
  const fs::path below = TemporaryFolder();
  RemoveTheDead(below);
  for (int attempt = 0; attempt < 10; ++attempt) {
    path_ = MakeFolder(below);
    lock_ = TryLock(path_, O_CREAT);
    if (StillThere(lock_)) return;
    if (lock_ >= 0) close(lock_);
  }
  Fail(path_.string(), ": cannot lock a file there; set TMPDIR to a folder of a local disk");
}

PrivateFolder::~PrivateFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  close(lock_);
}

std::string PrivateFolder::Socket(const std::string& name) const {
  const std::string path = (path_ / name).string();
  constexpr size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  Require(path.size() <= kLongest, "TMPDIR is too long: the socket ", path, " would have ",
          path.size(), " bytes, and the system takes ", kLongest,
          "; set TMPDIR to a shorter folder, such as /tmp");
  return "unix:" + path;
}

}  // namespace r1zero
