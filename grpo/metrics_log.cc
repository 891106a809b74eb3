#include "grpo/metrics_log.h"

#include <algorithm>

namespace r1zero {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool IsEvaluation(std::string_view name) { return name.starts_with("eval/"); }

bool HoldsEvaluation(const Json& line) {
  return std::ranges::any_of(line.items(), [](const auto& e) { return IsEvaluation(e.key()); });
}

int64_t StepOf(const Json& line) { return line.value("step", int64_t{0}); }

}  // namespace

MetricsLog::MetricsLog(const RunFolder& folder, int64_t last_step)
    : events_(folder.events(), last_step) {
  Rewrite(folder.metrics(), [&](const Json& line) { return StepOf(line) > last_step; });
}

void MetricsLog::DropEvaluation(int64_t step) {
  if (!has_evaluation(step)) return;
  const std::filesystem::path path = lines_->path();
  Rewrite(path, [&](const Json& line) { return StepOf(line) == step && HoldsEvaluation(line); });
}

void MetricsLog::Rewrite(const std::filesystem::path& path,
                         const std::function<bool(const Json&)>& is_dropped) {
  std::string kept;
  evaluated_.clear();
  for (const Json& line : ReadJsonLines(path)) {
    if (is_dropped(line)) continue;
    kept += ToLine(line);
    if (HoldsEvaluation(line)) evaluated_.insert(StepOf(line));
  }
  WriteFileDurably(path, kept);
  lines_.emplace(path);
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
