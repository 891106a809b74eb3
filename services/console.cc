#include "services/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
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

// "  name value" for a metric that is there, else nothing.
std::string Column(const Metrics& metrics, const std::string& metric, const std::string& title,
                   int digits) {
  const auto value = Find(metrics, metric);
  return value ? "  " + title + " " + Fixed(*value, digits) : std::string();
}

// A line that wraps could not be replaced.
int TerminalColumns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

constexpr int64_t kPretrainingLines = 20;  // of a whole pretraining, without a terminal

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

Console::Console() : terminal_(isatty(STDERR_FILENO) == 1) {}

Console::~Console() {
  if (live_) std::fputs("\n", stderr);
}

void Console::Line(const std::string& text) {
  if (live_) std::fputs("\r\033[K", stderr);
  live_ = false;
  std::fprintf(stderr, "%s\n", text.c_str());
}

void Console::Live(const std::string& text) {
  if (!terminal_) return Line(text);
  std::fprintf(stderr, "\r\033[K%.*s", TerminalColumns() - 1, text.c_str());
  std::fflush(stderr);
  live_ = true;
}

void Console::Passing(const std::string& text) {
  if (terminal_) Live(text);
}

void Console::Pretraining(const PretrainProgress& p) {
  const int64_t part = p.tokens * kPretrainingLines / std::max<int64_t>(1, p.target_tokens);
  if (!terminal_ && part == pretraining_part_) return;
  pretraining_part_ = part;
  std::string text = "pretraining  " + FormatCount(static_cast<double>(p.tokens)) + "/" +
                     FormatCount(static_cast<double>(p.target_tokens)) + " tokens  loss " +
                     Fixed(p.loss, 3);
  for (const auto& [name, value] : p.probes) text += "  " + name + " " + Fixed(value, 2);
  if (p.seconds > 0)
    text += "  " + FormatCount(static_cast<double>(p.tokens) / p.seconds) + " tok/s";
  Live(text);
}

void Console::Training(const TrainerEvent& event) {
  const std::string at = std::to_string(event.step) + "/" + std::to_string(event.steps);
  const Metrics& m = event.metrics;
  switch (event.kind) {
    case TrainerEvent::Kind::kStep:
      return Live("step " + at + Column(m, "reward", "reward", 2) +
                  Column(m, "rewards/accuracy/mean", "accuracy", 2) +
                  Column(m, "completions/mean_length", "length", 1) +
                  (Find(m, "perf/throughput")
                       ? "  " + FormatCount(*Find(m, "perf/throughput")) + " tok/s"
                       : "") +
                  "  ETA " + FormatSeconds(event.eta_seconds) + last_evaluation_);
    case TrainerEvent::Kind::kEvaluated:
      last_evaluation_ = "  | held out: pass@1 " + Fixed(Find(m, "eval/pass@1").value_or(NAN), 3) +
                         " at step " + std::to_string(event.step);
      return Line("step " + at + "  held out:" + Column(m, "eval/pass@1", "pass@1", 3) +
                  Column(m, "eval/format", "format", 2) +
                  Column(m, "eval/mean_length", "length", 1));
    case TrainerEvent::Kind::kWaiting: return Line(event.text);
    case TrainerEvent::Kind::kEvaluating: return Live("step " + at + "  evaluating");
    case TrainerEvent::Kind::kSampling:
      return Passing("step " + at + "  sampled " + std::to_string(event.groups_back) + " of " +
                     std::to_string(event.groups_issued) + " groups  ETA " +
                     FormatSeconds(event.eta_seconds) + last_evaluation_);
    case TrainerEvent::Kind::kNote: return Line(event.text);
    case TrainerEvent::Kind::kCheckpoint: return;
  }
}

}  // namespace r1zero
