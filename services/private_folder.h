// Where the sockets of a ring lie: a temporary folder that only this user can enter.
#pragma once

#include <filesystem>
#include <string>

namespace r1zero {

// A folder below TMPDIR (or /tmp), removed with everything in it at destruction. If its owner was killed
// before that, the next one of the same user removes it: the owner holds a lock in it, which the kernel
// releases.
class PrivateFolder {
 public:
  PrivateFolder();  // Error naming TMPDIR if no folder can be made there
  ~PrivateFolder();
  PrivateFolder(const PrivateFolder&) = delete;
  PrivateFolder& operator=(const PrivateFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // "unix:PATH"; Error naming TMPDIR if the system's sockets cannot have so long a path.
  std::string Socket(const std::string& name) const;

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace r1zero
