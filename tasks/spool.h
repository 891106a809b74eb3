// Lines written once to a file that has no name, then read from a map. The file is in TMPDIR (/tmp),
// counts against its disk, and is gone with the process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/file.h"

namespace r1zero {

// Not thread-safe.
class Spool {
 public:
  explicit Spool(int64_t max_bytes);  // Error naming the folder if it cannot hold a file
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  // Adds `line` and its end. Error if the disk is full, or beyond `max_bytes` in all.
  void Add(std::string_view line);
  MappedFile Map();  // what was added; call once, last

 private:
  void Flush();

  int64_t max_bytes_;
  int fd_ = -1;
  std::string folder_, pending_;
  int64_t bytes_ = 0;
};

}  // namespace r1zero
