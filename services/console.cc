#include "services/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

namespace r1zero {
namespace {

std::optional<double> Find(const Metrics& metrics, const std::string& name) {
  for (const auto& [key, value] : metrics)
    if (key == name) return value;
  return std::nullopt;
}

std::string Fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// "name value" for a metric that is there, else nothing.
std::string Column(const Metrics& metrics, const std::string& metric, const std::string& title,
                   int digits) {
  const auto value = Find(metrics, metric);
  return value ? title + " " + Fixed(*value, digits) : std::string();
}

std::string Speed(double tokens_per_second) { return FormatCount(tokens_per_second) + " tok/s"; }

// A line that wraps could not be replaced.
int TerminalColumns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

// Without a terminal: of a whole pretraining, of a whole evaluation.
constexpr int64_t kPretrainingLines = 20, kEvaluationLines = 20;

}  // namespace

std::string FormatSeconds(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "?";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return std::to_string(whole) + "s";
  char text[64];
  if (whole < 3600)
    std::snprintf(text, sizeof text, "%dm%02ds", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  else
    std::snprintf(text, sizeof text, "%dh%02dm", static_cast<int>(whole / 3600),
                  static_cast<int>(whole / 60 % 60));
  return text;
}

std::string FormatCount(double n) {
  if (n < 1e3) return Fixed(n, 0);
  if (n < 1e6) return Fixed(n / 1e3, 1) + "k";
  return Fixed(n / 1e6, 2) + "M";
}

std::string FitColumns(const std::vector<std::string>& columns, size_t width) {
  std::string line;
  for (const std::string& column : columns) {
    const std::string gap = line.empty() ? "" : "  ";
    if (column.empty() || line.size() + gap.size() + column.size() > width) continue;
    line += gap + column;
  }
  if (!line.empty() || columns.empty()) return line;
  const std::string& first = columns.front();  // not even that fits: cut it between words
  const size_t space = first.rfind(' ', width);
  return first.substr(0, space == std::string::npos ? width : space);
}

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1) {}

Console::~Console() { Done(); }

void Console::Done() {
  if (live_) std::fputs("\n", stderr);
  live_ = false;
}

void Console::Line(const std::string& text) {
  if (live_) std::fputs("\r\033[K", stderr);
  live_ = false;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Console::Live(const std::vector<std::string>& columns) {
  if (!terminal_) return Line(FitColumns(columns, std::numeric_limits<size_t>::max()));
  std::fprintf(stderr, "\r\033[K%s", FitColumns(columns, TerminalColumns() - 1).c_str());
  std::fflush(stderr);
  live_ = true;
}

void Console::Passing(const std::vector<std::string>& columns) {
  if (terminal_) Live(columns);
}

void Console::Pretraining(const PretrainProgress& p) {
  const int64_t part = p.tokens * kPretrainingLines / std::max<int64_t>(1, p.target_tokens);
  if (!terminal_ && part == pretraining_part_) return;
  pretraining_part_ = part;
  const auto tokens = static_cast<double>(p.tokens), target = static_cast<double>(p.target_tokens);
  std::vector<std::string> columns = {"pretraining",
                                      FormatCount(tokens) + "/" + FormatCount(target) + " tokens",
                                      "loss " + Fixed(p.loss, 3)};
  if (p.seconds > 0 && tokens > 0) {
    columns.push_back(Speed(tokens / p.seconds));
    if (tokens < target)
      columns.push_back("ETA " + FormatSeconds(p.seconds * (target - tokens) / tokens));
  }
  for (const auto& [name, value] : p.probes) columns.push_back(name + " " + Fixed(value, 2));
  Live(columns);
}

void Console::Evaluating(const EvaluationProgress& p) {
  const int64_t part = p.problems_done * kEvaluationLines / std::max<int64_t>(1, p.problems);
  if (!terminal_ && part == evaluation_part_) return;
  evaluation_part_ = part;
  const bool running = p.seconds > 0 && p.tokens > 0;
  Live({std::to_string(p.problems_done) + "/" + std::to_string(p.problems) + " problems",
        running ? Speed(static_cast<double>(p.tokens) / p.seconds) : "",
        std::isfinite(p.seconds_left) && p.problems_done < p.problems
            ? "ETA " + FormatSeconds(p.seconds_left)
            : ""});
}

void Console::Step(const std::string& at, const TrainerEvent& event) {
  const Metrics& m = event.metrics;
  const auto throughput = Find(m, "perf/throughput");
  Live({at, Column(m, "reward", "reward", 2), Column(m, "rewards/accuracy/mean", "accuracy", 2),
        Column(m, "completions/mean_length", "length", 1), throughput ? Speed(*throughput) : "",
        "ETA " + FormatSeconds(event.eta_seconds), last_evaluation_});
}

void Console::Evaluated(const std::string& at, const TrainerEvent& event) {
  const Metrics& m = event.metrics;
  last_evaluation_ = "| held out: pass@1 " + Fixed(Find(m, "eval/pass@1").value_or(NAN), 3) +
                     " at step " + std::to_string(event.step);
  Line(FitColumns(
      {at, "held out:", Column(m, "eval/pass@1", "pass@1", 3),
       Column(m, "eval/format", "format", 2), Column(m, "eval/mean_length", "length", 1)},
      std::numeric_limits<size_t>::max()));
}

void Console::Waiting(const std::string& text) {
  if (terminal_) return Live({text});
  if (++quiet_seconds_ < next_waiting_line_) return;
  Line(text);
  next_waiting_line_ *= 2;
}

void Console::Training(const TrainerEvent& event) {
  const std::string at = "step " + std::to_string(event.step) + "/" + std::to_string(event.steps);
  if (event.kind == TrainerEvent::Kind::kWaiting) return Waiting(event.text);
  quiet_seconds_ = kQuietBeforeTheFirst;
  next_waiting_line_ = kFirstWaitingLine;
  switch (event.kind) {
    case TrainerEvent::Kind::kStep: return Step(at, event);
    case TrainerEvent::Kind::kEvaluated: return Evaluated(at, event);
    case TrainerEvent::Kind::kEvaluating: return Live({at, "evaluating"});
    case TrainerEvent::Kind::kSampling:
      return Passing({at,
                      "sampled " + std::to_string(event.groups_back) + " of " +
                          std::to_string(event.groups_issued) + " groups",
                      "ETA " + FormatSeconds(event.eta_seconds), last_evaluation_});
    case TrainerEvent::Kind::kNote: return Line(event.text);
    case TrainerEvent::Kind::kWaiting:
    case TrainerEvent::Kind::kCheckpoint: return;
  }
}

}  // namespace r1zero
