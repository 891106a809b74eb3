#include "grpo/metrics_log.h"

#include <algorithm>

#include "grpo/json_file.h"

namespace r1zero {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool IsEvaluation(std::string_view name) { return name.starts_with("eval/"); }

}  // namespace

MetricsLog::MetricsLog(const RunFolder& folder, int64_t last_step)
    : events_(folder.events(), last_step) {
  std::string kept;
  for (const Json& line : ReadJsonLines(folder.metrics())) {
    const int64_t step = line.value("step", int64_t{0});
    if (step > last_step) continue;
    kept += ToLine(line);
    for (const auto& [name, value] : line.items())
      if (IsEvaluation(name)) evaluated_.insert(step);
  }
  WriteFileDurably(folder.metrics(), kept);
  lines_.emplace(folder.metrics());
}

void MetricsLog::Write(int64_t step, int64_t policy_version, const Metrics& metrics) {
  Json line = {{"step", step}, {"policy_version", policy_version}, {"time", Now()}};
  for (const auto& [name, value] : metrics) {
    line[name] = value;
    if (IsEvaluation(name)) evaluated_.insert(step);
  }
  lines_->Append(ToLine(line));
  events_.Scalars(step, metrics);
}

}  // namespace r1zero
