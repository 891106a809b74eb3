#include "services/memory_fit.h"

#include <algorithm>
#include <cstdio>
#include <functional>
#include <thread>

#include "common/error.h"
#include "rollout/engine.h"
#include "rollout/lease_check.h"
#include "services/machine_memory.h"
#include "services/memory_parts.h"

namespace r1zero {
namespace {

// A key that memory depends on: its value, the least that the run can do with, how to set it.
struct Knob {
  std::string key;
  int64_t value = 0, least = 0;
  std::function<void(RunConfig&, int64_t)> set;
  std::string least_text = "";  // how the least value is written, if not as a number
};

std::vector<Knob> KnobsOf(const RunPlan& plan, const MemoryOptions& options) {
  const RunConfig& config = plan.config;
  const int64_t longest = config.rollout.max_total_tokens;
  const int64_t group = std::max(
      config.grpo.group_size,
      plan.task->HeldOut().empty() ? 1 : std::max(config.eval.samples, config.eval.samples_during));
  const EngineConfig& engine = config.rollout.engine;
  return {{"rollout.kv_blocks", NumKvBlocks(engine, longest), LeastKvBlocks(longest),
           [](RunConfig& c, int64_t n) { c.rollout.engine.kv_blocks = n; }},
          {"grpo.micro_batch_tokens", config.grpo.micro_batch_tokens, longest,
           [](RunConfig& c, int64_t n) { c.grpo.micro_batch_tokens = n; }},
          {"rollout.max_sequences", engine.max_sequences, group,
           [](RunConfig& c, int64_t n) { c.rollout.engine.max_sequences = n; }},
          {"rollout.workers",
           config.rollout.workers > 0 ? config.rollout.workers : std::max(1, options.cores), 1,
           [](RunConfig& c, int64_t n) { c.rollout.workers = static_cast<int>(n); }},
          {"policy.storage", ElementBytes(plan), 2,
           [](RunConfig& c, int64_t) { c.policy.storage = "bfloat16"; }, "bfloat16"}};
}

double TotalOf(const RunPlan& plan, const MemoryOptions& options) {
  return PlanMemory(plan, options).Total();
}

// Halves the key's value until the run fits or the least is reached; leaves the plan at that value.
double Lower(const Knob& knob, RunPlan& plan, const MemoryOptions& options, double available,
             Remedy& remedy) {
  int64_t value = knob.value;
  double bytes = TotalOf(plan, options);
  while (bytes > available && value > knob.least) {
    value = std::max(knob.least, value / 2);
    knob.set(plan.config, value);
    bytes = TotalOf(plan, options);
  }
  const std::string text = knob.least_text.empty() ? std::to_string(value) : knob.least_text;
  if (value < knob.value) remedy.overrides.push_back(knob.key + "=" + text);
  remedy.bytes = bytes;
  return bytes;
}

std::string LargestParts(const MemoryPlan& memory, const std::string& process) {
  std::string text;
  for (const MemoryPart& part : memory.LargestAtPeak(process, 2))
    text += (text.empty() ? "" : ", ") + part.name + " " + GiB(part.bytes);
  return text;
}

std::string Joined(const std::vector<std::string>& overrides) {
  std::string text;
  for (const std::string& one : overrides) text += (text.empty() ? "" : " ") + one;
  return text;
}

}  // namespace

std::string GiB(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, bytes < 10.0 * (1 << 30) ? "%.2f GiB" : "%.1f GiB",
                bytes / (1 << 30));
  return text;
}

std::vector<Remedy> FindRemedies(const RunPlan& plan, const MemoryOptions& options,
                                 double available) {
  std::vector<Remedy> alone;
  for (const Knob& knob : KnobsOf(plan, options)) {
    RunPlan changed = plan;
    Remedy remedy;
    if (Lower(knob, changed, options, available, remedy) <= available) alone.push_back(remedy);
  }
  if (!alone.empty()) return alone;
  RunPlan changed = plan;
  Remedy together;
  for (const Knob& knob : KnobsOf(plan, options))
    Lower(knob, changed, options, available, together);
  return {together};
}

std::string WhyNotInto(const RunPlan& plan, const MemoryOptions& options, double available) {
  const MemoryPlan memory = PlanMemory(plan, options);
  std::string text = "the run would take " + GiB(memory.Total()) + " of memory, there are " +
                     GiB(available) + ": ";
  for (const std::string& process : memory.processes) {
    const int count = memory.Count(process);
    text +=
        process + (count > 1 ? " x " + std::to_string(count) : "") + " " +
        GiB(memory.Peak(process)) +
        (process == "learner" || process == "worker" ? " (" + LargestParts(memory, process) + ")"
                                                     : "") +
        "; ";
  }
  const std::vector<Remedy> remedies = FindRemedies(plan, options, available);
  if (remedies.front().bytes > available)
    return text + "even with " + Joined(remedies.front().overrides) + " it would take " +
           GiB(remedies.front().bytes) +
           "; take a smaller policy, or --set grpo.kl_coef=0 (no reference)";
  text += "it would fit with ";
  for (size_t i = 0; i < remedies.size(); ++i)
    text += (i > 0 ? ", or with " : "") + Joined(remedies[i].overrides) + " (" +
            GiB(remedies[i].bytes) + ")";
  return text;
}

void RequireMachineMemory(const RunPlan& plan) {
  const auto available = static_cast<double>(MachineMemoryBytes());
  if (available == 0 || plan.config.run.device != "cpu") return;
  MemoryOptions options{.cores = static_cast<int>(std::thread::hardware_concurrency()),
                        .in_process = true};
  if (PlanMemory(plan, options).Certain() <= available) return;
  options.in_process = false;
  Fail(WhyNotInto(plan, options, available), "; r1zero plan shows all parts");
}

}  // namespace r1zero
