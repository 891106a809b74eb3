#include "services/run_plan.h"

#include "common/error.h"
#include "policy/hf_folder.h"
#include "reward/rubric.h"

namespace r1zero {
namespace {

PolicyShape ShapeOf(const PolicyConfig& p, const Task& task) {
  if (!p.path.empty()) {
    HfFolder folder = LoadHfFolder(p.path);
    return {folder.weights->config, folder.tokenizer};
  }
  auto tokenizer =
      std::make_shared<const Tokenizer>(task.Vocabulary(), /*pad_token=*/0, /*eos_token=*/1);
  const ModelConfig model{.vocab_size = tokenizer->vocab_size(),
                          .hidden_size = p.hidden_size,
                          .num_layers = p.num_layers,
                          .num_heads = p.num_heads,
                          .num_kv_heads = p.num_kv_heads,
                          .head_width = p.head_width,
                          .intermediate_size = p.intermediate_size,
                          .max_positions = p.max_positions,
                          .rope_theta = p.rope_theta,
                          .rms_eps = p.rms_eps,
                          .tie_embeddings = p.tie_embeddings,
                          .eos_token = 1,
                          .pad_token = 0};
  CheckModelConfig(model);
  return {model, std::move(tokenizer)};
}

}  // namespace

RunPlan PlanRun(const std::string& file, const std::vector<std::string>& overrides) {
  RunPlan plan{.config = LoadRunConfig(file, overrides)};
  plan.task = MakeTask(plan.config.task);
  plan.shape = ShapeOf(plan.config.policy, *plan.task);
  plan.rubric = Resolved(plan.config.reward, plan.task->accuracy_verifier());
  Rubric check(plan.rubric);  // an unknown verifier is a mistake in the configuration
  return plan;
}

}  // namespace r1zero
