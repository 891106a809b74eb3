// The formulas of a memory plan, by process; each file beside the others so that a buffer that is added
// to the program finds its line here.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "services/memory_plan.h"

namespace r1zero {

void AddTrain(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& parts);
void AddLearner(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& parts);
void AddWorker(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& parts);
// The same engines inside the learner.
void AddWorkerThreads(const RunPlan& plan, const MemoryOptions& options, int workers,
                      std::vector<MemoryPart>& parts);
void AddReward(const MemoryOptions& options, std::vector<MemoryPart>& parts);

// --- shared by the formulas ---

// What gRPC takes once calls are under way: threads, connections, buffers. Measured, not counted:
// VmHWM of a worker and of a reward service, less that of the same program without calls.
inline constexpr double kGrpcClientBytes = 14e6, kGrpcServerBytes = 7e6;

inline constexpr Phases kAllPhases = (1u << kNumPhases) - 1;
// From the first prompt on.
inline constexpr Phases kTrainingPhases =
    In(Phase::kSampling) | In(Phase::kUpdate) | In(Phase::kEvaluation) | In(Phase::kCheckpoint);

// Of packed matrices, embedding rows, keys and values while sampling and training. At 2 a worker keeps
// no flat weights.
int ElementBytes(const RunPlan& plan);

// Of so many elements in an AlignedVector: the last huge page of a large one is there whole.
double BufferBytes(double elements, int bytes_per_element = 4);

// Elements. Panels of 16 outputs are padded (kernels/matmul.h).
double PackedForwardElements(const ModelConfig& model);        // with the head
double PackedInputGradientElements(const ModelConfig& model);  // with the head
double EmbeddingElements(const ModelConfig& model);
double QueryWidth(const ModelConfig& model);
double QkvWidth(const ModelConfig& model);

// A forward pass over packed tokens: how many, rows of log-probabilities, KV blocks of one layer.
struct PassSize {
  double tokens = 0, rows = 0, blocks = 0;
};
PassSize LargestMicroBatch(const RunPlan& plan);

double WeightBytes(const ModelConfig& model);  // float32, flat
// Of completions with their rewards, as they lie in a Group.
double GroupBytes(double completions, double tokens_each);
double FullLength(const RunPlan& plan);  // tokens of a completion that fills the limit

class PartsOf {
 public:
  PartsOf(std::string process, std::vector<MemoryPart>& parts)
      : process_(std::move(process)), parts_(parts) {}
  void Add(Phases phases, std::string name, double bytes, std::string formula) {
    parts_.push_back({process_, phases, std::move(name), bytes, std::move(formula), false});
  }
  void AddAtMost(Phases phases, std::string name, double bytes, std::string formula) {
    parts_.push_back({process_, phases, std::move(name), bytes, std::move(formula), true});
  }

 private:
  std::string process_;
  std::vector<MemoryPart>& parts_;
};

}  // namespace r1zero
