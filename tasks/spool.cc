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

// For file systems without files that have no name.
int OpenAndUnlink(const std::string& folder) {
  std::string name = folder + "/r1zero-XXXXXX";
  const int fd = mkostemp(name.data(), O_CLOEXEC);
  if (fd >= 0) unlink(name.c_str());
  return fd;
}

std::string TemporaryFolder() {
  std::error_code fault;
  const auto folder = std::filesystem::temp_directory_path(fault);
  Require(!fault, "TMPDIR names no folder: ", fault.message());
  return folder.string();
}

}  // namespace

Spool::Spool(int64_t max_bytes) : max_bytes_(max_bytes), folder_(TemporaryFolder()) {
  fd_ = open(folder_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ < 0) fd_ = OpenAndUnlink(folder_);
  Require(fd_ >= 0, folder_, ": cannot hold a temporary file: ", std::strerror(errno),
          "; TMPDIR names another folder");
}

Spool::~Spool() { close(fd_); }

void Spool::Add(std::string_view line) {
  bytes_ += static_cast<int64_t>(line.size()) + 1;
  Require(bytes_ <= max_bytes_, "is more than ", max_bytes_, " bytes as text");
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
