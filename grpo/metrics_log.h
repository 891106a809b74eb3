// metrics.jsonl and the TensorBoard events, written together.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>

#include "common/file.h"
#include "grpo/event_file.h"
#include "grpo/json_file.h"
#include "grpo/metrics.h"
#include "grpo/run_folder.h"

namespace r1zero {

// Not thread-safe.
class MetricsLog {
 public:
  // Cuts metrics.jsonl back to `last_step`: what a run wrote after its last checkpoint comes again.
  MetricsLog(const RunFolder& folder, int64_t last_step);

  // One line: "step", "policy_version", "time" (seconds since 1970), then the metrics.
  void Write(int64_t step, int64_t policy_version, const Metrics& metrics);
  void DropEvaluation(int64_t step);  // from metrics.jsonl: it will be measured again
  bool has_evaluation(int64_t step) const { return evaluated_.contains(step); }
  void Sync() { lines_->Sync(); }

 private:
  // Writes metrics.jsonl anew without the lines that `is_dropped`.
  void Rewrite(const std::filesystem::path& path,
               const std::function<bool(const Json&)>& is_dropped);

  std::set<int64_t> evaluated_;  // steps with a line that holds eval/...
  std::optional<AppendFile> lines_;
  EventFile events_;
};

}  // namespace r1zero
