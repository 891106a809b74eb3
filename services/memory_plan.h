// What the processes of a run hold in memory, predicted part by part: each formula stands beside the name
// of the buffer that it predicts (docs/planning.md). Nothing of it is allocated to find out.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "services/run_plan.h"

namespace r1zero {

// kSampling begins with the workers' fetching the weights, kUpdate ends with the learner's publishing the
// next ones.
enum class Phase { kStart, kPretraining, kSampling, kUpdate, kEvaluation, kCheckpoint };
inline constexpr int kNumPhases = 6;
const char* PhaseName(Phase phase);

// A set of phases.
using Phases = uint32_t;
constexpr Phases In(Phase phase) { return 1u << static_cast<int>(phase); }

struct MemoryPart {
  std::string process;  // "train", "learner", "worker" or "reward"
  Phases phases = 0;    // in which it is there
  std::string name;     // "packed weights (PackedWeights)"
  double bytes = 0;
  std::string formula;
  bool depends_on_lengths = false;  // an upper bound: completions of full length
};

struct MemoryPlan {
  std::vector<MemoryPart> parts;  // those of "worker" once, whatever the number of workers
  std::vector<std::string> processes;
  int workers = 1;

  int Count(const std::string& process) const { return process == "worker" ? workers : 1; }
  double Bytes(const std::string& process, Phase phase) const;  // of one such process
  double Peak(const std::string& process) const;                // over the phases
  // The largest parts of one such process in the phase of its peak.
  std::vector<MemoryPart> LargestAtPeak(const std::string& process, size_t most) const;
  double Total(Phase phase) const;  // of all processes
  double Total() const;             // over the phases
  // The part of it that is there however short the completions are.
  double Certain() const;
};

// What cannot be counted, measured elsewhere. Bytes.
struct Baselines {
  double program = 0;  // r1zero with the run's task and tokenizer read
  double learner = 0;  // r1zero-learner with libtorch loaded
};

struct MemoryOptions {
  Baselines baselines;
  int cores = 1;            // for rollout.workers = 0 and grpo.threads = 0
  bool in_process = false;  // workers are threads of the learner
};

// Of a run on the CPU that begins (a resumed one reads its checkpoint first). Completions are taken to
// fill rollout.max_total_tokens.
MemoryPlan PlanMemory(const RunPlan& plan, const MemoryOptions& options);

}  // namespace r1zero
