// A TensorBoard event file: scalars by tag and step, in TFRecord framing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/file.h"
#include "grpo/metrics.h"

namespace r1zero {

// Not thread-safe. Creates folder/events.out.tfevents.<seconds>.<host>.
class EventFile {
 public:
  explicit EventFile(const std::filesystem::path& folder);
  void Scalars(int64_t step, const Metrics& metrics);

 private:
  AppendFile file_;
};

}  // namespace r1zero
