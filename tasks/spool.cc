#include "tasks/spool.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr size_t kPendingBytes = size_t{1} << 20;
constexpr int64_t kMaxBytes = int64_t{1} << 36;

// For file systems without files that have no name.
int OpenAndUnlink(const std::string& folder) {
  std::string name = folder + "/r1zero-XXXXXX";
  const int fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) unlink(name.c_str());
  return fd;
}

}  // namespace

Spool::Spool() : folder_(std::filesystem::temp_directory_path().string()) {
  fd_ = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0) fd_ = OpenAndUnlink(folder_);
  Require(fd_ >= 0, folder_, ": cannot hold a temporary file: ", std::strerror(errno),
          "; TMPDIR names another folder");
}

Spool::~Spool() { close(fd_); }

void Spool::Add(std::string_view line) {
  bytes_ += static_cast<int64_t>(line.size()) + 1;
  Require(bytes_ <= kMaxBytes, "is more than 64 GiB as text, expected less; split the file");
  pending_.append(line).push_back('\n');
  if (pending_.size() >= kPendingBytes) Flush();
}

MappedFile Spool::Map() {
  Flush();
  return MappedFile("/proc/self/fd/" + std::to_string(fd_));
}

void Spool::Flush() {
  for (std::string_view rest = pending_; !rest.empty();) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    Require(written > 0, "the rows do not fit into ", folder_, ": ", std::strerror(errno),
            "; TMPDIR names another folder");
    rest.remove_prefix(static_cast<size_t>(written));
  }
  pending_.clear();
}

}  // namespace r1zero
