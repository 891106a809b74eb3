#include "services/memory_plan.h"

#include <algorithm>
#include <functional>

#include "services/memory_parts.h"
#include "services/worker_count.h"

namespace r1zero {
namespace {

template <typename Counts>
double Largest(const Counts& bytes_of) {
  double largest = 0;
  for (int phase = 0; phase < kNumPhases; ++phase)
    largest = std::max(largest, bytes_of(static_cast<Phase>(phase)));
  return largest;
}

}  // namespace

const char* PhaseName(Phase phase) {
  static constexpr const char* kNames[kNumPhases] = {"start",  "pretraining", "sampling",
                                                     "update", "evaluation",  "checkpoint"};
  return kNames[static_cast<int>(phase)];
}

double MemoryPlan::Bytes(const std::string& process, Phase phase) const {
  double bytes = 0;
  for (const MemoryPart& part : parts)
    if (part.process == process && (part.phases & In(phase))) bytes += part.bytes;
  return bytes;
}

double MemoryPlan::Peak(const std::string& process) const {
  return Largest([&](Phase phase) { return Bytes(process, phase); });
}

std::vector<MemoryPart> MemoryPlan::LargestAtPeak(const std::string& process, size_t most) const {
  Phase peak = Phase::kStart;
  for (int phase = 0; phase < kNumPhases; ++phase)
    if (Bytes(process, static_cast<Phase>(phase)) > Bytes(process, peak))
      peak = static_cast<Phase>(phase);
  std::vector<MemoryPart> largest;
  for (const MemoryPart& part : parts)
    if (part.process == process && (part.phases & In(peak))) largest.push_back(part);
  std::ranges::stable_sort(largest, std::ranges::greater(), &MemoryPart::bytes);
  largest.resize(std::min(largest.size(), most));
  return largest;
}

double MemoryPlan::Total(Phase phase) const {
  double bytes = 0;
  for (const std::string& process : processes) bytes += Count(process) * Bytes(process, phase);
  return bytes;
}

double MemoryPlan::Total() const {
  return Largest([&](Phase phase) { return Total(phase); });
}

double MemoryPlan::Certain() const {
  MemoryPlan certain = *this;
  std::erase_if(certain.parts, [](const MemoryPart& part) { return part.depends_on_lengths; });
  return certain.Total();
}

MemoryPlan PlanMemory(const RunPlan& plan, const MemoryOptions& options) {
  MemoryPlan memory;
  const int workers = plan.config.rollout.workers;
  memory.workers = workers > 0 ? workers : std::max(1, options.cores);
  if (options.in_process) {
    memory.processes = {"learner"};
    AddLearner(plan, options, memory.parts);
    AddWorkerThreads(plan, options, memory.workers, memory.parts);
  } else {
    memory.processes = {"train", "learner", "worker", "reward"};
    AddTrain(plan, options, memory.parts);
    AddLearner(plan, options, memory.parts);
    AddWorker(plan, options, memory.parts);
    AddReward(options, memory.parts);
  }
  return memory;
}

}  // namespace r1zero
