#include "services/plan_text.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace r1zero {
namespace {

using nlohmann::ordered_json;

constexpr size_t kPartsShown = 3;  // of a process
constexpr double kMiB = 1 << 20, kGiB = 1 << 30;

[[gnu::format(printf, 1, 2)]] std::string Format(const char* format, ...) {
  char text[512];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  return text;
}

std::string Titled(const MemoryPlan& memory, const std::string& process) {
  const int count = memory.Count(process);
  return count > 1 ? process + " x " + std::to_string(count) : process;
}

// One column a phase, then the peak.
template <typename BytesOf>
std::string Row(const std::string& title, const BytesOf& bytes_of, double unit) {
  std::string row = Format("  %-12s", title.c_str());
  double peak = 0;
  for (int phase = 0; phase < kNumPhases; ++phase) {
    const double bytes = bytes_of(static_cast<Phase>(phase));
    peak = std::max(peak, bytes);
    row += Format("%12.*f", unit == kGiB ? 2 : 0, bytes / unit);
  }
  return row + Format("%12.*f\n", unit == kGiB ? 2 : 0, peak / unit);
}

std::string Header(double unit) {
  std::string row = Format("  %-12s", unit == kGiB ? "memory, GiB" : "memory, MiB");
  for (int phase = 0; phase < kNumPhases; ++phase)
    row += Format("%12s", PhaseName(static_cast<Phase>(phase)));
  return row + Format("%12s\n", "peak");
}

std::string LargestParts(const MemoryPlan& memory, const std::string& process, double unit) {
  std::string text;
  for (const MemoryPart& part : memory.LargestAtPeak(process, kPartsShown))
    text += Format("  %-12s%12.*f  %s = %s\n", process.c_str(), unit == kGiB ? 2 : 0,
                   part.bytes / unit, part.name.c_str(), part.formula.c_str());
  return text;
}

std::string MemoryText(const PlanReport& r) {
  const double unit = r.memory.Total() > 8 * kGiB ? kGiB : kMiB;
  std::string text = Header(unit);
  for (const std::string& process : r.memory.processes)
    text += Row(
        Titled(r.memory, process), [&](Phase phase) { return r.memory.Bytes(process, phase); },
        unit);
  text += Row(
      "together", [&](Phase phase) { return r.memory.Total(phase); }, unit);
  text += "\n  the largest parts, of one process at its peak\n";
  for (const std::string& process : r.memory.processes)
    if (process == "learner" || process == "worker") text += LargestParts(r.memory, process, unit);
  return text + "\nThe run takes " + GiB(r.memory.Total()) + " of " + GiB(r.available) +
         (r.memory.Total() <= r.available ? ": it fits.\n" : ": it does not fit.\n");
}

std::string Duration(double seconds) {
  if (seconds < 100) return Format("%.3g s", seconds);
  if (seconds < 6000) return Format("%.1f min", seconds / 60);
  return Format("%.1f h", seconds / 3600);
}

std::string TimeRow(const char* title, const TimePlan& full, const TimePlan& half,
                    double TimePlan::*value) {
  return Format("  %-34s%16s%16s\n", title, Duration(full.*value).c_str(),
                Duration(half.*value).c_str());
}

std::string TimeText(const RunPlan& plan, const TimePlan& full, const TimePlan& half) {
  std::string text = Format("\n  %-34s%16s%16s\n", "time, if completions have",
                            Format("%.0f tokens", full.completion_tokens).c_str(),
                            Format("%.0f tokens", half.completion_tokens).c_str());
  text += TimeRow("a step's rollout", full, half, &TimePlan::rollout);
  text += TimeRow("a step's update", full, half, &TimePlan::update);
  text += TimeRow("new weights handed out", full, half, &TimePlan::publish);
  text += TimeRow("an evaluation during training", full, half, &TimePlan::evaluation_during);
  text += TimeRow("a checkpoint", full, half, &TimePlan::checkpoint);
  text += TimeRow("a step, with its share of these", full, half, &TimePlan::step);
  text += TimeRow("pretraining", full, half, &TimePlan::pretraining);
  text += TimeRow("evaluations before and after", full, half, &TimePlan::evaluations);
  text += TimeRow(Format("the run of %lld steps", (long long)plan.config.grpo.steps).c_str(), full,
                  half, &TimePlan::run);
  return text;
}

std::string Title(const RunPlan& plan) {
  const RunConfig& c = plan.config;
  return Format(
      "%s: %lld parameters; a step is %lld prompts x %lld completions, a prompt of %lld tokens at "
      "most, %lld with its completion\n\n",
      c.run.name.c_str(), (long long)NumParameters(plan.shape.model),
      (long long)c.grpo.prompts_per_step, (long long)c.grpo.group_size,
      (long long)plan.longest_prompt_tokens, (long long)c.rollout.max_total_tokens);
}

ordered_json PhasesJson(Phases phases) {
  ordered_json names = ordered_json::array();
  for (int phase = 0; phase < kNumPhases; ++phase)
    if (phases & In(static_cast<Phase>(phase)))
      names.push_back(PhaseName(static_cast<Phase>(phase)));
  return names;
}

ordered_json ProcessesJson(const MemoryPlan& memory) {
  ordered_json processes;
  for (const std::string& process : memory.processes) {
    ordered_json phases;
    for (int phase = 0; phase < kNumPhases; ++phase)
      phases[PhaseName(static_cast<Phase>(phase))] =
          static_cast<int64_t>(memory.Bytes(process, static_cast<Phase>(phase)));
    processes[process] = {{"count", memory.Count(process)},
                          {"peak_bytes", static_cast<int64_t>(memory.Peak(process))},
                          {"phases", phases}};
  }
  return processes;
}

ordered_json MemoryJson(const PlanReport& r) {
  ordered_json parts = ordered_json::array(), remedies = ordered_json::array();
  for (const MemoryPart& part : r.memory.parts)
    parts.push_back({{"process", part.process},
                     {"name", part.name},
                     {"bytes", static_cast<int64_t>(part.bytes)},
                     {"formula", part.formula},
                     {"phases", PhasesJson(part.phases)},
                     {"depends_on_lengths", part.depends_on_lengths}});
  for (const Remedy& remedy : r.remedies)
    remedies.push_back({{"set", remedy.overrides}, {"bytes", static_cast<int64_t>(remedy.bytes)}});
  return {{"available_bytes", static_cast<int64_t>(r.available)},
          {"total_bytes", static_cast<int64_t>(r.memory.Total())},
          {"fits", r.memory.Total() <= r.available},
          {"processes", ProcessesJson(r.memory)},
          {"parts", parts},
          {"remedies", remedies}};
}

ordered_json TimeJson(const TimePlan& t) {
  return {{"completion_tokens", t.completion_tokens},
          {"rollout_s", t.rollout},
          {"update_s", t.update},
          {"publish_s", t.publish},
          {"evaluation_during_s", t.evaluation_during},
          {"checkpoint_s", t.checkpoint},
          {"step_s", t.step},
          {"pretraining_s", t.pretraining},
          {"evaluations_s", t.evaluations},
          {"run_s", t.run}};
}

}  // namespace

std::string MemoryLine(const MemoryPlan& memory, double available) {
  std::string text = "memory at the peak of each:";
  for (const std::string& process : memory.processes)
    text += " " + Titled(memory, process) + " " + GiB(memory.Peak(process)) + ",";
  return text + " together " + GiB(memory.Total()) + " of " + GiB(available) +
         (memory.Total() <= available ? ": it fits\n" : ": it does not fit\n");
}

std::string PlanText(const PlanReport& report) {
  std::string text = Title(report.plan) + MemoryText(report);
  if (report.full && report.half) text += TimeText(report.plan, *report.full, *report.half);
  return text;
}

std::string PlanJson(const PlanReport& report) {
  ordered_json json = {{"run", report.plan.config.run.name},
                       {"parameters", NumParameters(report.plan.shape.model)},
                       {"memory", MemoryJson(report)}};
  if (report.full) json["time"] = TimeJson(*report.full);
  if (report.half) json["time_if_half_as_long"] = TimeJson(*report.half);
  return json.dump(2) + "\n";
}

}  // namespace r1zero
