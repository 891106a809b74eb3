#include "common/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "common/error.h"
#include "common/large_file.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;

constexpr size_t kPieceBytes = size_t{1} << 20;

// Throws Error with the path, what failed and errno's text.
[[noreturn]] void FailWithReason(const fs::path& path, std::string_view what) {
  const std::string reason = std::strerror(errno);
  Fail(path.string(), ": ", what, ": ", reason);
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags, std::string_view what)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) FailWithReason(path, what);
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// The number of bytes written, all of them unless errno says why not.
size_t WriteAll(int fd, std::string_view bytes) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t written = write(fd, bytes.data() + done, bytes.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    done += written;
  }
  return done;
}

void SyncPath(const fs::path& path) {
  const Descriptor file(path, O_RDONLY, "cannot be opened to sync");
  if (fsync(file.get()) != 0) FailWithReason(path, "cannot be synced");
}

void SyncParentOf(const fs::path& path) {
  const fs::path parent = path.parent_path();
  SyncPath(parent.empty() ? "." : parent);
}

// Unique among the threads of this process and the processes of this machine.
fs::path TemporaryNameFor(const fs::path& path) {
  static std::atomic<uint64_t> count{0};
  fs::path name = path;
  name += ".tmp-" + std::to_string(getpid()) + "-" + std::to_string(count.fetch_add(1));
  return name;
}

// Removes `path` at scope exit unless the file was kept.
class Temporary {
 public:
  explicit Temporary(fs::path path) : path_(std::move(path)) {}
  ~Temporary() {
    if (!kept_) unlink(path_.c_str());
  }
  Temporary(const Temporary&) = delete;
  Temporary& operator=(const Temporary&) = delete;
  const fs::path& path() const { return path_; }
  void Keep() { kept_ = true; }

 private:
  fs::path path_;
  bool kept_ = false;
};

}  // namespace

std::string ReadFile(const fs::path& path, size_t max_bytes) {
  const Descriptor file(path, O_RDONLY, "cannot be opened");
  struct stat status;
  if (fstat(file.get(), &status) != 0) FailWithReason(path, "cannot be examined");
  std::string content;
  size_t used = 0;
  // One byte more than the file has, so that the end is seen without another growth.
  content.resize(std::min<size_t>(status.st_size, max_bytes) + 1);
  while (true) {
    const ssize_t got = read(file.get(), content.data() + used, content.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailWithReason(path, "cannot be read");
    if (got == 0) break;
    used += got;
    Require(used <= max_bytes, path.string(), ": larger than the limit of ", max_bytes, " bytes");
    if (used == content.size()) content.resize(std::min(2 * used, max_bytes) + 1);
  }
  content.resize(used);
  return content;
}

void ReadFileInPieces(const fs::path& path, const std::function<void(std::string_view)>& take) {
  const Descriptor file(path, O_RDONLY, "cannot be opened");
  std::string piece(kPieceBytes, '\0');
  while (true) {
    const ssize_t got = read(file.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) FailWithReason(path, "cannot be read");
    if (got == 0) return;
    take(std::string_view(piece).substr(0, got));
  }
}

void WriteFileDurably(const fs::path& path, std::string_view content) {
  WriteFileDurably(path, std::span(&content, 1));
}

void WriteFileDurably(const fs::path& path, std::span<const std::string_view> parts) {
  Temporary temporary(TemporaryNameFor(path));
  const Descriptor file(temporary.path(), O_WRONLY | O_CREAT | O_TRUNC, "cannot be created");
  for (const std::string_view part : parts)
    if (WriteAll(file.get(), part) != part.size()) FailWithReason(path, "cannot be written");
  if (fsync(file.get()) != 0) FailWithReason(path, "cannot be synced");
  if (rename(temporary.path().c_str(), path.c_str()) != 0)
    FailWithReason(path, "cannot be replaced");
  temporary.Keep();
  SyncParentOf(path);
}

void PublishFolder(const fs::path& folder, const fs::path& final_name) {
  std::error_code error;
  Require(!fs::exists(fs::symlink_status(final_name, error)), final_name.string(),
          ": exists already; a published folder is never replaced");
  fs::recursive_directory_iterator entries(folder, error);
  for (; !error && entries != fs::end(entries); entries.increment(error))
    if (!entries->is_symlink()) SyncPath(entries->path());
  Require(!error, folder.string(), ": cannot be listed: ", error.message());
  SyncPath(folder);
  if (rename(folder.c_str(), final_name.c_str()) != 0)
    FailWithReason(folder, "cannot be renamed to " + final_name.string());
  SyncParentOf(final_name);
}

void EnsureWritableFolder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  Require(!error, folder.string(), ": folder cannot be created: ", error.message());
  const Temporary probe(TemporaryNameFor(folder / "probe"));
  const Descriptor file(probe.path(), O_WRONLY | O_CREAT | O_EXCL, "folder cannot be written to");
}

MappedFile::MappedFile(const fs::path& path) {
  const Descriptor file(path, O_RDONLY | O_NONBLOCK, "cannot be opened");  // a pipe must not wait
  struct stat status;
  if (fstat(file.get(), &status) != 0) FailWithReason(path, "cannot be examined");
  Require(S_ISREG(status.st_mode), path.string(), ": not a regular file");
  const size_t size = status.st_size;
  if (size == 0) return;  // an empty map is an error of mmap
  void* data = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (data == MAP_FAILED) FailWithReason(path, "cannot be mapped");
  bytes_ = {static_cast<const std::byte*>(data), size};
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

void MappedFile::Forget(std::span<const std::byte> part) const {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<uintptr_t>(part.data()) + page - 1) / page * page;
  const auto end = reinterpret_cast<uintptr_t>(part.data() + part.size()) / page * page;
  if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}

AppendFile::AppendFile(const fs::path& path)
    : path_(path),
      fd_(Descriptor(path, O_WRONLY | O_CREAT | O_APPEND, "cannot be opened to append").Release()) {
}

AppendFile::~AppendFile() { close(fd_); }

void AppendFile::Append(std::string_view bytes) {
  const size_t done = WriteAll(fd_, bytes);
  if (done == bytes.size()) return;
  const int reason = errno;
  // Takes back the part that was written: a record is in the file whole or not at all.
  struct stat status;
  if (done > 0 && (fstat(fd_, &status) != 0 || ftruncate(fd_, status.st_size - done) != 0))
    Fail(path_.string(), ": cannot be appended to: ", std::strerror(reason), "; the first ", done,
         " bytes of the record remain in it");
  errno = reason;
  FailWithReason(path_, "cannot be appended to");
}

void AppendFile::Sync() {
  if (fdatasync(fd_) != 0) FailWithReason(path_, "cannot be synced; what was appended may be lost");
}

}  // namespace r1zero
