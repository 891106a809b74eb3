#include "services/run_plan.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "kernels/simd.h"
#include "policy/hf_folder.h"
#include "policy/word_tokenizer.h"
#include "reward/rubric.h"
#include "rollout/rollout_check.h"
#include "services/memory_fit.h"

namespace r1zero {
namespace {

HfShape CheckPolicy(const std::string& path) {
  try {
    return CheckHfFolder(path);
  } catch (const Error& e) {
    Fail("policy.path: ", e.what());
  }
}

// A key of the shape may say again what the folder says, but nothing else.
void RequireShape(const PolicyConfig& asked, const ModelConfig& found) {
  const PolicyConfig unset;
  const auto require = [&](const char* key, auto PolicyConfig::*member, auto there) {
    Require(asked.*member == unset.*member || asked.*member == there, "policy.", key, " is ",
            asked.*member, ", but ", asked.path, " has ", there,
            "; a loaded policy has the shape of its folder: leave policy.", key, " out");
  };
  require("hidden_size", &PolicyConfig::hidden_size, found.hidden_size);
  require("num_layers", &PolicyConfig::num_layers, found.num_layers);
  require("num_heads", &PolicyConfig::num_heads, found.num_heads);
  require("num_kv_heads", &PolicyConfig::num_kv_heads, found.num_kv_heads);
  require("head_width", &PolicyConfig::head_width, found.head_width);
  require("intermediate_size", &PolicyConfig::intermediate_size, found.intermediate_size);
  require("max_positions", &PolicyConfig::max_positions, found.max_positions);
  require("rope_theta", &PolicyConfig::rope_theta, found.rope_theta);
  require("rms_eps", &PolicyConfig::rms_eps, found.rms_eps);
  require("tie_embeddings", &PolicyConfig::tie_embeddings, found.tie_embeddings);
}

PolicyShape LoadedShape(const PolicyConfig& policy) {
  HfShape shape = CheckPolicy(policy.path);
  RequireShape(policy, shape.config);
  return {std::move(shape.config), std::move(shape.tokenizer)};
}

// A new policy that reads and writes the task's words.
PolicyShape NewShape(const PolicyConfig& p, const Task& task) {
  auto tokenizer =
      std::make_shared<const WordTokenizer>(task.Vocabulary(), /*pad_token=*/0, /*eos_token=*/1);
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
                          .eos_tokens = {1},
                          .pad_token = 0};
  CheckModelConfig(model);
  return {model, std::move(tokenizer)};
}

// Training problems looked at before a run: all of a small file, a sample of what is generated.
constexpr int64_t kProblemsChecked = 4096;

// Error if the policy cannot read it.
int64_t CountTokens(const Tokenizer& tokenizer, const std::string& prompt) {
  try {
    return static_cast<int64_t>(tokenizer.EncodePrompt(prompt).size());
  } catch (const Error& e) {
    Fail("the prompt '", prompt, "': ", e.what());
  }
}

void CheckGold(const Verifier& verifier, const Problem& problem) {
  const std::string fault = verifier.CheckGold(problem.gold);
  Require(fault.empty(), "the problem '", problem.prompt, "' has the gold '", problem.gold,
          "': ", fault);
}

int64_t LongestPrompt(const RunPlan& plan) {
  const auto verifier = MakeVerifier(plan.rubric.accuracy);
  const GrpoConfig& grpo = plan.config.grpo;
  int64_t longest = 1;
  const auto look_at = [&](const std::string& prompt) {
    longest = std::max(longest, CountTokens(*plan.shape.tokenizer, prompt));
  };
  plan.task->ForEachPrompt(look_at);
  for (const Problem& problem : plan.task->HeldOut()) CheckGold(*verifier, problem);
  const int64_t wanted = std::min(kProblemsChecked, grpo.steps * grpo.prompts_per_step);
  for (int64_t n = 0; n < wanted; ++n) {
    const Problem problem = plan.task->Training(plan.config.run.seed, n);
    CheckGold(*verifier, problem);
    look_at(problem.prompt);
  }
  return longest;
}

RolloutDemand DemandOf(const RunPlan& plan) {
  const EvalConfig& eval = plan.config.eval;
  const bool evaluates = !plan.task->HeldOut().empty();
  return {.group_size = plan.config.grpo.group_size,
          .eval_samples = evaluates ? std::max(eval.samples, eval.samples_during) : 0,
          .max_total_tokens = plan.config.rollout.max_total_tokens,
          .longest_prompt_tokens = plan.longest_prompt_tokens,
          .storage = StorageOf(plan.config.policy)};
}

// A loaded policy comes first, so that the task can ask it how long a prompt is; a new one comes last,
// because its words are the task's.
void MakeTaskAndShape(RunPlan& plan) {
  const PolicyConfig& policy = plan.config.policy;
  if (policy.path.empty()) {
    plan.task = MakeTask(plan.config.task);
    plan.shape = NewShape(policy, *plan.task);
    return;
  }
  plan.shape = LoadedShape(policy);
  plan.task =
      MakeTask(plan.config.task,
               {policy.path, [&tokenizer = *plan.shape.tokenizer](const std::string& prompt) {
                  return CountTokens(tokenizer, prompt);
                }});
}

}  // namespace

RunPlan PlanRun(const std::string& file, const std::vector<std::string>& overrides,
                Workers workers) {
  kernels::RequireSimd();
  RunPlan plan{.config = LoadRunConfig(file, overrides)};
  MakeTaskAndShape(plan);
  plan.rubric = Resolved(plan.config.reward, plan.task->accuracy_verifier());
  Rubric check(plan.rubric);  // an unknown verifier is a mistake in the configuration
  plan.longest_prompt_tokens = LongestPrompt(plan);
  CheckRollout(plan.config.rollout.engine, plan.shape.model, DemandOf(plan));
  if (workers == Workers::kHere) RequireMachineMemory(plan);
  return plan;
}

}  // namespace r1zero
