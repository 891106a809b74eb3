#include "services/memory_plan.h"

#include <gmock/gmock.h>

#include "grpo/batch.h"
#include "kernels/kv_blocks.h"
#include "policy/packed_weights.h"
#include "policy/training_pass.h"
#include "rollout/engine.h"
#include "services/memory_fit.h"
#include "services/memory_parts.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const std::vector<std::string> kTiny = {
    "pretrain.tokens=0",           "policy.hidden_size=40", "policy.num_layers=3",
    "policy.num_heads=4",          "policy.num_kv_heads=2", "policy.head_width=10",
    "policy.intermediate_size=56", "task.held_out=20",      "rollout.max_sequences=32",
    "grpo.micro_batch_tokens=1000"};

RunPlan Planned(std::vector<std::string> more = {}) {
  std::vector<std::string> overrides = kTiny;
  overrides.insert(overrides.end(), more.begin(), more.end());
  return PlanRun("", overrides);
}

const std::string kNarrow = "policy.storage=bfloat16";

const MemoryPart* Find(const MemoryPlan& memory, const std::string& process,
                       const std::string& name) {
  for (const MemoryPart& part : memory.parts)
    if (part.process == process && part.name.find(name) != std::string::npos) return &part;
  return nullptr;
}

double BytesOf(const MemoryPlan& memory, const std::string& process, const std::string& name) {
  const MemoryPart* part = Find(memory, process, name);
  return part ? part->bytes : -1;
}

TEST(MemoryPlan, PackedWeightsAreWhatPackingTakes) {
  for (const char* tied : {"true", "false"}) {
    const RunPlan plan = Planned({std::string("policy.tie_embeddings=") + tied});
    const auto packed =
        PackWeights(std::make_shared<const Weights>(InitWeights(plan.shape.model, 1)),
                    kernels::Storage::kFloat32);
    size_t floats = packed->head.panels.size();
    for (const PackedLayer& layer : packed->layers)
      for (const auto* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down})
        floats += matrix->panels.size();
    EXPECT_EQ(BytesOf(PlanMemory(plan, {}), "worker", "PackedWeights)"), 4.0 * floats);
  }
}

TEST(MemoryPlan, TrainingWeightsAreWhatPackingTakes) {
  const RunPlan plan = Planned();
  const ModelConfig& model = plan.shape.model;
  const Weights weights = InitWeights(model, 1);
  std::vector<float> grads(weights.flat.size()), head_grads(model.vocab_size * model.hidden_size);
  kernels::ThreadPool pool(1);
  TrainingWeights packed(model, weights.flat.data(), grads.data(), head_grads.data(),
                         kernels::Storage::kFloat32);
  packed.Pack(pool);
  size_t forward = packed.head.forward.panels.size();
  size_t backward = packed.head.input_gradient.panels.size();
  for (const auto& layer : packed.layers)
    for (const auto* matrix : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) {
      forward += matrix->forward.panels.size();
      backward += matrix->input_gradient.panels.size();
    }
  const MemoryPlan memory = PlanMemory(plan, {});
  EXPECT_EQ(BytesOf(memory, "learner", "packed weights (LinearWeight::forward)"), 4.0 * forward);
  EXPECT_EQ(BytesOf(memory, "learner", "LinearWeight::input_gradient"), 4.0 * backward);
}

// The largest micro-batch of a step whose completions all fill the limit.
PassSize SplitForReal(const RunPlan& plan) {
  const GrpoConfig& grpo = plan.config.grpo;
  Completion completion;
  completion.tokens.resize(static_cast<size_t>(FullLength(plan)));
  std::vector<Prompt> prompts(grpo.prompts_per_step);
  std::vector<TrainingSequence> sequences;
  for (Prompt& prompt : prompts) {
    prompt.tokens.resize(plan.longest_prompt_tokens);
    for (int64_t i = 0; i < grpo.group_size; ++i) sequences.push_back({&prompt, &completion, 0, 0});
  }
  PassSize largest;
  for (const MicroBatch& batch : SplitMicroBatches(sequences, grpo.micro_batch_tokens)) {
    PassSize size;
    const Prompt* last = nullptr;
    for (const TrainingSequence& s : batch.sequences) {
      size.tokens += static_cast<double>(s.own_tokens());
      size.rows += static_cast<double>(s.completion->tokens.size());
      if (s.prompt != last) size.tokens += static_cast<double>(s.prompt->tokens.size());
      last = s.prompt;
    }
    if (size.tokens > largest.tokens) largest = size;
  }
  return largest;
}

TEST(MemoryPlan, MicroBatchesAreAsLargeAsTheLearnersAre) {
  for (const char* tokens : {"50", "300", "1000", "8192", "1000000"}) {
    const RunPlan plan = Planned({std::string("grpo.micro_batch_tokens=") + tokens});
    const PassSize planned = LargestMicroBatch(plan), real = SplitForReal(plan);
    EXPECT_GE(planned.tokens, real.tokens) << tokens;
    EXPECT_LE(planned.tokens, real.tokens + FullLength(plan)) << tokens;
    EXPECT_NEAR(planned.rows / planned.tokens, real.rows / real.tokens, 0.1) << tokens;
  }
}

TEST(MemoryPlan, ActivationsAreWhatAForwardPassKeeps) {
  const RunPlan plan = Planned({"grpo.prompts_per_step=4"});
  const ModelConfig& model = plan.shape.model;
  const Weights weights = InitWeights(model, 1);
  std::vector<float> grads(weights.flat.size()), head_grads(model.vocab_size * model.hidden_size);
  kernels::ThreadPool pool(1);
  TrainingPass pass(model, weights.flat.data(), grads.data(), head_grads.data(), pool);
  pass.WeightsChanged();

  const auto size = LargestMicroBatch(plan);
  const auto rows_wanted = static_cast<int64_t>(size.rows);
  PackedTokens packed;
  LogprobRows rows;
  for (int64_t left = static_cast<int64_t>(size.tokens); left > 0;) {
    const int64_t length = std::min<int64_t>(left, 100);
    packed.Append(std::vector<int32_t>(length, 2));
    left -= length;
  }
  for (int64_t r = 0; r < std::min<int64_t>(rows_wanted, packed.num_tokens()); ++r) {
    rows.hidden_rows_R.push_back(r);
    rows.targets_R.push_back(2);
  }
  std::vector<float> logprobs(rows.targets_R.size()), entropy(rows.targets_R.size());
  const auto kept = pass.Forward(packed, rows, 1, true, logprobs.data(), entropy.data());
  size_t floats = kept->last_x_RD.capacity() + kept->hidden_RD.capacity();
  for (const Activations::Layer& s : kept->layers)
    for (const auto* buffer : {&s.x_MD, &s.inv_rms_M, &s.qkv_MW, &s.attended_MQ, &s.logsumexp_MN,
                               &s.mid_MD, &s.mid_inv_rms_M, &s.gate_up_M2F})
      floats += buffer->capacity();
  EXPECT_NEAR(BytesOf(PlanMemory(plan, {}), "learner", "Activations::layers)") / (4.0 * floats), 1,
              0.1);
}

TEST(MemoryPlan, KeysAndValuesAreTheDecodersBlocks) {
  const RunPlan plan = Planned({"rollout.kv_blocks=50"});
  const auto block = kernels::KvBlockSize(AttentionShapeOf(plan.shape.model));
  EXPECT_EQ(BytesOf(PlanMemory(plan, {}), "worker", "keys and values"), 3.0 * 50 * block * 4);
  const RunPlan narrow = Planned({"rollout.kv_blocks=50", kNarrow});
  EXPECT_EQ(BytesOf(PlanMemory(narrow, {}), "worker", "keys and values"), 3.0 * 50 * block * 2);
}

TEST(MemoryPlan, AReferenceIsThereOnlyWithAKlTerm) {
  EXPECT_EQ(Find(PlanMemory(Planned({"grpo.kl_coef=0"}), {}), "learner", "the reference"), nullptr);
  const MemoryPlan with = PlanMemory(Planned({"grpo.kl_coef=0.1"}), {});
  EXPECT_NE(Find(with, "learner", "the reference"), nullptr);
  EXPECT_EQ(Find(with, "learner", "the base, to come back to"), nullptr);
  const MemoryPlan refreshed = PlanMemory(Planned({"grpo.reference_refresh_steps=5"}), {});
  EXPECT_NE(Find(refreshed, "learner", "the base, to come back to"), nullptr);
}

TEST(MemoryPlan, Bfloat16HalvesWhatIsPackedAndLeavesWhatIsTrained) {
  const MemoryPlan wide = PlanMemory(Planned(), {}), narrow = PlanMemory(Planned({kNarrow}), {});
  EXPECT_EQ(BytesOf(wide, "learner", "LinearWeight::input_gradient"),
            2 * BytesOf(narrow, "learner", "LinearWeight::input_gradient"));
  EXPECT_EQ(BytesOf(wide, "learner", "Adam's moments"),
            BytesOf(narrow, "learner", "Adam's moments"));
  EXPECT_EQ(Find(narrow, "worker", "weights as received"), nullptr);
}

TEST(MemoryPlan, TheWholeIsTheLargestPhaseOfAllProcesses) {
  const MemoryPlan memory =
      PlanMemory(Planned({"rollout.workers=3"}), {.baselines = {.program = 10e6, .learner = 90e6}});
  double largest = 0;
  for (int phase = 0; phase < kNumPhases; ++phase) {
    const auto p = static_cast<Phase>(phase);
    const double sum = memory.Bytes("train", p) + memory.Bytes("learner", p) +
                       3 * memory.Bytes("worker", p) + memory.Bytes("reward", p);
    EXPECT_DOUBLE_EQ(memory.Total(p), sum);
    largest = std::max(largest, sum);
  }
  EXPECT_DOUBLE_EQ(memory.Total(), largest);
  EXPECT_LT(memory.Certain(), memory.Total());
}

// What is said to make a run fit does, if one believes the prediction.
TEST(MemoryFit, RemediesMakeTheRunFit) {
  const RunPlan plan = Planned({"rollout.workers=4", "rollout.max_sequences=256",
                                "grpo.micro_batch_tokens=100000", "grpo.prompts_per_step=500"});
  const double whole = PlanMemory(plan, {}).Total();
  for (const double available : {0.95 * whole, 0.8 * whole, 0.5 * whole}) {
    const auto remedies = FindRemedies(plan, {}, available);
    ASSERT_FALSE(remedies.empty());
    for (const Remedy& remedy : remedies) {
      std::vector<std::string> overrides = {"rollout.workers=4", "rollout.max_sequences=256",
                                            "grpo.micro_batch_tokens=100000",
                                            "grpo.prompts_per_step=500"};
      overrides.insert(overrides.end(), remedy.overrides.begin(), remedy.overrides.end());
      const double then = PlanMemory(Planned(overrides), {}).Total();
      EXPECT_DOUBLE_EQ(then, remedy.bytes);
      EXPECT_LE(then, available);
    }
  }
}

TEST(MemoryFit, ARefusalHasTheNumbersAndTheKeys) {
  const RunPlan plan = Planned({"rollout.workers=2", "rollout.kv_blocks=100000"});
  EXPECT_THAT(WhyNotInto(plan, {}, 1e9),
              AllOf(HasSubstr("the run would take "), HasSubstr("there are 0.93 GiB"),
                    HasSubstr("worker x 2 "), HasSubstr("keys and values"),
                    HasSubstr("it would fit with rollout.kv_blocks=")));
  EXPECT_THAT(WhyNotInto(plan, {}, 1e3), HasSubstr("even with rollout.kv_blocks="));
}

}  // namespace
}  // namespace r1zero
