// A TensorBoard event file: scalars by tag and step, in TFRecord framing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/file.h"
#include "grpo/metrics.h"

namespace r1zero {

// Not thread-safe. Creates folder/events.out.tfevents.<seconds>.<host>.<pid>.
class EventFile {
 public:
  // TensorBoard forgets what older files of the folder say of steps after `last_step`: a resumed
  // run goes through them again.
  EventFile(const std::filesystem::path& folder, int64_t last_step);
  void Scalars(int64_t step, const Metrics& metrics);

 private:
  AppendFile file_;
};

}  // namespace r1zero
