// One process at a time: advisory locks (flock) that end with their holder, however it ends.
#pragma once

#include <filesystem>
#include <string_view>

namespace r1zero {

// Locks by a file of its own, which holds the pid. Waits 2 seconds for another process that has it,
// then Error: `what`, that pid, and what to do `instead`. Not thread-safe, but two in one process
// exclude each other.
class FileLock {
 public:
  enum class AtEnd { kKeepFile, kRemoveFile };
  FileLock(std::filesystem::path path, std::string_view what, std::string_view instead,
           AtEnd at_end);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  std::filesystem::path path_;
  AtEnd at_end_;
  int fd_ = -1;
};

// On a folder, by folder/name.
class FolderLock {
 public:
  explicit FolderLock(const std::filesystem::path& folder, std::string_view name = ".lock")
      : lock_(folder / name, folder.string(), "take another folder", FileLock::AtEnd::kKeepFile) {}

 private:
  FileLock lock_;
};

}  // namespace r1zero
