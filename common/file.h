// Files that survive a crash: a name either holds its old content or all of the new.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace r1zero {

// The whole file. Error with the path and the system's reason if it cannot be read, or if it is
// larger than `max_bytes`.
std::string ReadFile(const std::filesystem::path& path, size_t max_bytes = size_t{1} << 32);

// Writes to a temporary name in the same folder, syncs, renames over `path`, syncs the folder.
void WriteFileDurably(const std::filesystem::path& path, std::string_view content);
// The parts one after another.
void WriteFileDurably(const std::filesystem::path& path, std::span<const std::string_view> parts);

// fsync of every file below `folder` and of the folders themselves, then rename to `final_name`
// (which must not exist) and fsync of the parent.
void PublishFolder(const std::filesystem::path& folder, const std::filesystem::path& final_name);

// Creates the folder (and parents) and proves that it can be written to, or throws Error.
void EnsureWritableFolder(const std::filesystem::path& folder);

// A read-only memory map. Move-only.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  std::span<const std::byte> bytes() const { return bytes_; }
  // The pages that lie wholly in `part` need not stay in memory; they come back when read again.
  void Forget(std::span<const std::byte> part) const;

 private:
  std::span<const std::byte> bytes_;
};

// Appends records to a file; the descriptor stays open. Errors carry path and reason. Not
// thread-safe.
class AppendFile {
 public:
  explicit AppendFile(const std::filesystem::path& path);  // created if missing
  ~AppendFile();
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  void Append(std::string_view bytes);  // one write(2) where the system takes it whole
  void Sync();                          // fdatasync; a failure is an Error and must end the process
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  int fd_ = -1;
};

}  // namespace r1zero
