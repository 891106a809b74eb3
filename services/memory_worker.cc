// What a worker holds, what the reward service holds, and what r1zero train holds that keeps them.
#include <algorithm>

#include "kernels/kv_blocks.h"
#include "policy/packed_weights.h"
#include "rollout/engine.h"
#include "services/memory_parts.h"

namespace r1zero {
namespace {

struct EngineSizes {
  double kv = 0, rows = 0, logits = 0, under_way = 0;
};

EngineSizes SizesOf(const RunPlan& plan, int bytes_per_element) {
  const ModelConfig& c = plan.shape.model;
  const EngineConfig& engine = plan.config.rollout.engine;
  const auto blocks =
      static_cast<double>(NumKvBlocks(engine, plan.config.rollout.max_total_tokens));
  const auto block = static_cast<double>(kernels::KvBlockSize(AttentionShapeOf(c)));
  const auto M = static_cast<double>(MaxBatchTokens(engine));
  const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  const auto sequences = static_cast<double>(engine.max_sequences);
  EngineSizes sizes;
  sizes.kv = BufferBytes(static_cast<double>(c.num_layers) * blocks * block, bytes_per_element);
  for (const double width : {D, D, QkvWidth(c), QueryWidth(c), 2 * F, F})
    sizes.rows += BufferBytes(M * width);
  sizes.logits = sizeof(float) * (sequences + 1) * static_cast<double>(c.vocab_size);
  sizes.under_way = GroupBytes(sequences, FullLength(plan));
  return sizes;
}

void AddEngine(PartsOf& parts, const EngineSizes& sizes, double count) {
  parts.Add(kAllPhases, "keys and values (CpuDecoder::blocks_)", count * sizes.kv,
            "layers x rollout.kv_blocks x KvBlockSize");
  parts.Add(kAllPhases, "rows of a step (CpuDecoder::x_MD_ ...)", count * sizes.rows,
            "(max_sequences + max_prefill_tokens) x (2 D + qkv + q + 3 F) x 4");
  parts.Add(kAllPhases, "logits (Engine::logits_BV)", count * sizes.logits,
            "(max_sequences + 1) x vocabulary x 4");
  parts.AddAtMost(kTrainingPhases, "completions under way (RunningGroup)", count * sizes.under_way,
                  "max_sequences x (700 + 12 x tokens)");
}

void AddPacked(PartsOf& parts, const ModelConfig& model, int bytes_per_element, double count) {
  parts.Add(kAllPhases, "packed weights (PackedWeights)",
            count * bytes_per_element * PackedForwardElements(model),
            "matrices and head x bytes an element");
}

}  // namespace

void AddWorker(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& all) {
  PartsOf parts("worker", all);
  const ModelConfig& model = plan.shape.model;
  const double flat = WeightBytes(model);
  parts.Add(kAllPhases, "the program", options.baselines.program + kGrpcClientBytes,
            "measured: r1zero with this run's tokenizer; 14 MB for gRPC");
  AddEngine(parts, SizesOf(plan, ElementBytes(plan)), 1);
  AddPacked(parts, model, ElementBytes(plan), 1);
  if (ElementBytes(plan) == 4) {
    parts.Add(kAllPhases, "weights as received (PackedWeights::source)", flat, "parameters x 4");
  } else {
    parts.Add(kAllPhases, "embedding rows", ElementBytes(plan) * EmbeddingElements(model),
              "vocabulary x D x bytes an element");
  }
  // Fetched when the first prompt that wants them is leased.
  parts.Add(In(Phase::kSampling), "new weights beside them (WeightReceiver)", flat,
            "parameters x 4");
}

// The weights that they sample with are the published ones, which the learner counts.
void AddWorkerThreads(const RunPlan& plan, const MemoryOptions& options, int workers,
                      std::vector<MemoryPart>& all) {
  PartsOf parts("learner", all);
  AddEngine(parts, SizesOf(plan, ElementBytes(plan)), workers);
  AddPacked(parts, plan.shape.model, ElementBytes(plan), workers);
}

void AddReward(const MemoryOptions& options, std::vector<MemoryPart>& all) {
  PartsOf("reward", all)
      .Add(kAllPhases, "the program", options.baselines.program + kGrpcServerBytes,
           "measured: r1zero; 7 MB for gRPC");
}

void AddTrain(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& all) {
  PartsOf parts("train", all);
  parts.Add(kAllPhases, "the program", options.baselines.program, "measured: r1zero");
  if (!plan.config.policy.path.empty())
    parts.Add(In(Phase::kStart), "policy.path, looked at in pieces (CheckHfFolder)", 2 << 20,
              "1 MiB, and as much of the mapped file");
}

}  // namespace r1zero
