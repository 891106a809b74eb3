// What the learner holds: policy/transformer.cc, policy/training_pass.h, grpo/learner.cc,
// grpo/optimizer.cc, and while it pretrains grpo/pretrain.cc.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "grpo/readiness.h"
#include "kernels/kv_blocks.h"
#include "policy/packed_weights.h"
#include "services/memory_parts.h"

namespace r1zero {
namespace {

// Rows of a pass that a thread takes at a time, and of logits; kTileRows of training_gradients.h and of
// head_cpu.cc.
constexpr double kTileRows = 48, kHeadTileRows = 32, kMostHeadTiles = 32;
constexpr double kMaxGradientFloats = 1 << 22;  // dlogits at a time, head_cpu.cc
constexpr double kPackedTokens = 128 * 512;     // of a weight's gradient, matmul_cpu.cc
constexpr double kBytesAToken = 150;            // tables, rows and targets of a micro-batch
constexpr double kPretrainMicroBatch = 8192;    // pretrain.cc

double Threads(const RunPlan& plan, const MemoryOptions& options) {
  return plan.config.grpo.threads > 0 ? plan.config.grpo.threads : std::max(1, options.cores);
}

// Activations of a pass that keeps what its backward needs, or of one layer.
double ActivationBytes(const ModelConfig& c, const PassSize& pass, bool kept) {
  const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  const auto N = static_cast<double>(c.num_heads);
  double layer = 0;
  for (const double width : {D, D, 1.0, 1.0, QkvWidth(c), QueryWidth(c), N, 2 * F})
    layer += BufferBytes(pass.tokens * width);
  double bytes = layer * (kept ? static_cast<double>(c.num_layers) : 1);
  if (kept) bytes += BufferBytes(pass.tokens * D);  // the last layer's output
  bytes += 2 * BufferBytes(pass.rows * D);          // last_x_RD, hidden_RD
  return bytes + kBytesAToken * pass.tokens;
}

// Keys and values of even and of odd layers (TrainingPass::blocks_).
double PassBlockBytes(const ModelConfig& c, const PassSize& pass) {
  const auto block = static_cast<double>(kernels::KvBlockSize(AttentionShapeOf(c)));
  return 2 * BufferBytes(pass.blocks * block);
}

// TrainingPass::Gradients: of the layer in work.
double GradientBytes(const ModelConfig& c, const PassSize& pass) {
  const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  double bytes = BufferBytes(pass.rows * D);
  for (const double width : {D, D, D, D, D, D, F, 2 * F, QueryWidth(c), QkvWidth(c), QkvWidth(c)})
    bytes += BufferBytes(pass.tokens * width);
  return bytes;
}

// Of all threads: tiles of rows, packed tokens, logits of a tile; dlogits of the head's backward.
double ScratchBytes(const ModelConfig& c, const PassSize& pass, double threads, bool backward) {
  const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  const auto V = static_cast<double>(c.vocab_size);
  double bytes = threads * (BufferBytes(kTileRows * (3 * D + 2 * F)) +
                            BufferBytes(kHeadTileRows * V) + BufferBytes(kPackedTokens));
  if (!backward) return bytes;
  const double tiles =
      std::clamp(std::floor(kMaxGradientFloats / (V * kHeadTileRows)), 1.0, kMostHeadTiles);
  return bytes + BufferBytes(std::min(pass.rows, tiles * kHeadTileRows) * V);
}

// A Transformer for training with its optimizer.
void AddTrained(PartsOf& parts, Phases phases, const ModelConfig& c, int bytes_per_element) {
  const double flat = WeightBytes(c);
  parts.Add(phases, "parameters (Transformer::flat_params_)", flat, "parameters x 4");
  parts.Add(phases, "gradients (Transformer::flat_grads_)", flat, "parameters x 4");
  parts.Add(phases, "Adam's moments (AdamWOptimizer::m_, v_)", 2 * flat, "2 x parameters x 4");
  if (c.tie_embeddings)
    parts.Add(phases, "gradient of the tied head (Transformer::head_grads_)",
              4 * EmbeddingElements(c), "vocabulary x D x 4");
  parts.Add(phases, "packed weights (LinearWeight::forward)",
            bytes_per_element * PackedForwardElements(c), "matrices and head x bytes an element");
  parts.Add(phases, "packed weights (LinearWeight::input_gradient)",
            bytes_per_element * PackedInputGradientElements(c),
            "matrices and head x bytes an element");
}

void AddPass(PartsOf& parts, Phases phases, const ModelConfig& c, const PassSize& pass,
             double threads) {
  parts.AddAtMost(phases, "activations (Activations::layers)", ActivationBytes(c, pass, true),
                  "micro_batch_tokens x (layers x (2 D + qkv + q + 2 F) + 3 D) x 4");
  parts.AddAtMost(phases, "gradients of a layer (TrainingPass::Gradients)", GradientBytes(c, pass),
                  "micro_batch_tokens x (7 D + 3 F + q + 2 qkv) x 4");
  parts.AddAtMost(phases, "keys and values of a pass (TrainingPass::blocks_)",
                  PassBlockBytes(c, pass), "2 x blocks x KvBlockSize x 4");
  parts.Add(phases, "scratch of the threads (Scratch)", ScratchBytes(c, pass, threads, true),
            "threads x (48 rows of D and F, 32 of logits), dlogits");
}

bool IsCached(const RunConfig& config) {
  if (config.pretrain.cache.empty()) return false;
  return std::filesystem::exists(std::filesystem::path(config.pretrain.cache) /
                                 BaseSha256(config).substr(0, 16));
}

bool Pretrains(const RunConfig& config) {
  return config.policy.path.empty() && config.pretrain.tokens > 0 && !IsCached(config);
}

void AddPretraining(PartsOf& parts, const RunPlan& plan, const MemoryOptions& options) {
  const ModelConfig& c = plan.shape.model;
  constexpr Phases phase = In(Phase::kPretraining);
  const auto batch = static_cast<double>(plan.config.pretrain.batch_tokens);
  const auto longest = static_cast<double>(c.max_positions);
  const double tokens = std::min(batch, kPretrainMicroBatch) + longest / 4;  // ends with a text
  const PassSize pass{tokens, tokens, tokens / kernels::kKvBlockTokens * 1.25};
  AddTrained(parts, phase, c, sizeof(float));  // whatever policy.storage is
  AddPass(parts, phase, c, pass, Threads(plan, options));

  const double positions =
      kernels::kKvBlockTokens * std::ceil(longest / kernels::kKvBlockTokens) * kProbeSequences;
  const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  const double blocks = positions / kernels::kKvBlockTokens;
  double decoder = BufferBytes(static_cast<double>(c.num_layers) * blocks *
                               static_cast<double>(kernels::KvBlockSize(AttentionShapeOf(c))));
  for (const double width : {D, D, QkvWidth(c), QueryWidth(c), 2 * F, F})
    decoder += BufferBytes(positions * width);
  parts.Add(phase, "decoder of the readiness probes (MakeProbeDecoder)", decoder,
            "32 x max_positions x (keys and values, 2 D + qkv + q + 3 F)");
  parts.Add(phase, "weights of the probes (PackedWeights)",
            WeightBytes(c) + sizeof(float) * PackedForwardElements(c), "parameters x 4, packed");
}

void AddReference(PartsOf& parts, const RunPlan& plan, const PassSize& pass,
                  const MemoryOptions& options) {
  const ModelConfig& c = plan.shape.model;
  const double flat = WeightBytes(c);
  parts.Add(kTrainingPhases, "the reference (Transformer::flat_params_)", flat, "parameters x 4");
  parts.Add(kTrainingPhases, "the reference, packed (LinearWeight::forward)",
            ElementBytes(plan) * PackedForwardElements(c), "matrices and head x bytes an element");
  parts.AddAtMost(kTrainingPhases, "the reference's pass (Activations::layers[0], blocks_)",
                  ActivationBytes(c, pass, false) + PassBlockBytes(c, pass),
                  "micro_batch_tokens x (4 D + qkv + q + 2 F) x 4, keys and values");
  if (plan.config.grpo.reference_refresh_steps == 0) return;
  parts.Add(kTrainingPhases, "the base, to come back to (GrpoLearner::base_)", flat,
            "parameters x 4");
  parts.Add(In(Phase::kUpdate), "a snapshot for the reference (RefreshReference)", flat,
            "parameters x 4");
}

void AddGroups(PartsOf& parts, const RunPlan& plan) {
  const GrpoConfig& grpo = plan.config.grpo;
  const double length = FullLength(plan);
  const auto completions = static_cast<double>(grpo.prompts_per_step * grpo.group_size);
  parts.AddAtMost(kTrainingPhases, "groups of this step and the last (TrainingRun::last_groups_)",
                  2 * GroupBytes(completions, length), "2 x completions x (700 + 12 x tokens)");
  const auto problems = static_cast<double>(plan.task->HeldOut().size());
  const auto samples =
      static_cast<double>(std::max(plan.config.eval.samples, plan.config.eval.samples_during));
  parts.AddAtMost(In(Phase::kEvaluation), "groups of an evaluation (TrainingRun::Collect)",
                  GroupBytes(problems * samples, length),
                  "held-out problems x eval.samples x (700 + 12 x tokens)");
}

void AddStart(PartsOf& parts, const RunPlan& plan) {
  const double flat = WeightBytes(plan.shape.model);
  constexpr Phases phase = In(Phase::kStart);
  if (plan.config.policy.path.empty()) {
    parts.Add(phase, "the base (BasePolicy::weights)", flat, "parameters x 4");
  } else {
    parts.Add(phase, "policy.path being read (LoadHfFolder)", flat, "parameters x 4");
  }
}

}  // namespace

void AddLearner(const RunPlan& plan, const MemoryOptions& options, std::vector<MemoryPart>& all) {
  PartsOf parts("learner", all);
  const ModelConfig& c = plan.shape.model;
  const double flat = WeightBytes(c);
  parts.Add(kAllPhases, "the program with libtorch",
            options.baselines.learner + (options.in_process ? 0 : kGrpcServerBytes),
            "measured: r1zero-learner baseline; 7 MB for gRPC");
  AddStart(parts, plan);
  if (Pretrains(plan.config)) AddPretraining(parts, plan, options);

  const PassSize pass = LargestMicroBatch(plan);
  AddTrained(parts, kTrainingPhases, c, ElementBytes(plan));
  AddPass(parts, kTrainingPhases, c, pass, Threads(plan, options));
  if (plan.config.grpo.loss.kl_coef != 0) AddReference(parts, plan, pass, options);
  parts.Add(kTrainingPhases, "published weights (WeightStore)", flat, "parameters x 4");
  parts.Add(In(Phase::kUpdate), "the new version beside them (Snapshot)", flat, "parameters x 4");
  AddGroups(parts, plan);
}

}  // namespace r1zero
