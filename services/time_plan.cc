#include "services/time_plan.h"

#include <algorithm>
#include <cmath>

#include "services/memory_parts.h"

namespace r1zero {
namespace {

// Kernels reach so much of their own rates where a whole rollout or update is measured, median over
// docs/benchmarks.md ("where the time goes"): what lies between them takes the rest.
constexpr double kEfficiency = 0.8;
constexpr double kSamplingShare = 0.25;  // of the memory rate, by logits drawn from
constexpr double kDiskBytes = 1e9;       // a second; a guess, like any

// What is counted is in floating-point operations and bytes, with the names of ModelConfig.
struct Work {
  double prompts = 0, prompt_tokens = 0;   // prompts, and tokens of all of them
  double completions = 0, new_tokens = 0;  // completions, and tokens of all of them
  double keys = 0;                         // seen, summed over rows

  Work(double prompts, double group, double prompt, double completion)
      : prompts(prompts),
        prompt_tokens(prompts * prompt),
        completions(prompts * group),
        new_tokens(completions * completion),
        keys(new_tokens * (prompt + completion / 2) + prompt_tokens * prompt / 2) {}
};

struct Model {
  double layer_weights = 0, head = 0, vocabulary = 0, attention_width = 0, row_bytes = 0,
         parameters = 0;

  explicit Model(const ModelConfig& c) {
    const auto D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
    const auto L = static_cast<double>(c.num_layers);
    const double Q = QueryWidth(c), W = QkvWidth(c);
    vocabulary = static_cast<double>(c.vocab_size);
    layer_weights = L * (D * W + Q * D + 3 * D * F);
    head = D * vocabulary;
    attention_width = Q * L;
    row_bytes = 4 * L * (4 * D + 2 * W + 3 * F);  // norms, rotary embedding, SwiGLU
    parameters = static_cast<double>(NumParameters(c));
  }
};

double RolloutSeconds(const Work& w, const Model& m, const MachineRates& r) {
  const double products = 2 * (m.layer_weights + m.head) * w.new_tokens / r.decode_products +
                          2 * m.layer_weights * w.prompt_tokens / r.tile_products;
  const double attention = 4 * w.keys * m.attention_width / r.decode_attention;
  const double rest = m.row_bytes * (w.new_tokens + w.prompt_tokens) / r.memory_bytes +
                      4 * m.vocabulary * w.new_tokens / (kSamplingShare * r.memory_bytes);
  return (products + attention + rest) / kEfficiency;
}

// forwards: 2 with a reference.
double UpdateSeconds(const Work& w, const Model& m, const MachineRates& r, double forwards) {
  const double tokens = w.prompt_tokens + w.new_tokens, layers = 2 * m.layer_weights * tokens;
  const double head = 2 * m.head * w.new_tokens;
  const double products = ((forwards + 1) * layers + (forwards + 2) * head) / r.tile_products +
                          (layers + head) / r.gradient_products;
  const double attention = (4 * forwards + 10) * w.keys * m.attention_width / r.tile_attention;
  const double rest = m.row_bytes * tokens * (forwards + 2) / r.memory_bytes;
  return (products + attention + rest) / kEfficiency;
}

double AdamSeconds(const Model& m, const MachineRates& r) {
  return (28 + 4 + 4 + 16) * m.parameters / r.memory_bytes;  // update, two norms, packing
}

}  // namespace

int64_t DecodeRows(const RunPlan& plan, int cores) {
  const RunConfig& c = plan.config;
  const int64_t workers = c.rollout.workers > 0 ? c.rollout.workers : std::max(1, cores);
  const int64_t share = (c.grpo.prompts_per_step * c.grpo.group_size + workers - 1) / workers;
  return std::clamp<int64_t>(share, 1, c.rollout.engine.max_sequences);
}

int64_t MeanKeys(const RunPlan& plan) {
  return plan.longest_prompt_tokens + static_cast<int64_t>(FullLength(plan)) / 2;
}

TimePlan PlanTime(const RunPlan& plan, const MachineRates& rates, int cores, double length_share) {
  const RunConfig& c = plan.config;
  const Model model(plan.shape.model);
  const auto prompt = static_cast<double>(plan.longest_prompt_tokens);
  const double weights = 4 * model.parameters;
  const double steps = static_cast<double>(c.grpo.steps);
  TimePlan t;
  t.completion_tokens = std::max(1.0, FullLength(plan) * length_share);

  // Workers beyond the cores, and cores without a worker, gain nothing.
  const double busy = c.rollout.workers > 0 ? std::min(1.0, double(c.rollout.workers) / cores) : 1;
  const double threads = c.grpo.threads > 0 ? std::min(1.0, double(c.grpo.threads) / cores) : 1;
  const Work step(static_cast<double>(c.grpo.prompts_per_step),
                  static_cast<double>(c.grpo.group_size), prompt, t.completion_tokens);
  t.rollout = RolloutSeconds(step, model, rates) / busy;
  const double forwards = c.grpo.loss.kl_coef != 0 ? 2 : 1;
  t.update = static_cast<double>(c.grpo.inner_epochs) *
             (UpdateSeconds(step, model, rates, forwards) / threads +
              static_cast<double>(c.grpo.minibatches) * AdamSeconds(model, rates));
  // Hashed by the learner, then by each worker, which packs them.
  t.publish = 2 * weights / rates.hash_bytes + 4 * weights / rates.memory_bytes;

  const auto problems = static_cast<double>(plan.task->HeldOut().size());
  const auto evaluation = [&](int64_t samples) {
    if (problems == 0) return 0.0;
    const Work work(problems, static_cast<double>(samples), prompt, t.completion_tokens);
    return RolloutSeconds(work, model, rates) / busy;
  };
  t.evaluation_during = evaluation(c.eval.samples_during);
  t.evaluations = 2 * static_cast<double>(c.eval.temperatures.size()) * evaluation(c.eval.samples);
  // Weights and moments written, read again for the manifest.
  t.checkpoint = 3 * weights / kDiskBytes + 4 * weights / rates.hash_bytes;

  const auto share = [&](int64_t every) { return every > 0 ? 1 / static_cast<double>(every) : 0; };
  t.step = t.rollout + t.update + t.publish + share(c.eval.every) * t.evaluation_during +
           share(c.checkpoint.every) * t.checkpoint;
  if (c.policy.path.empty() && c.pretrain.tokens > 0) {
    const auto tokens = static_cast<double>(c.pretrain.tokens);
    const auto batch = static_cast<double>(c.pretrain.batch_tokens);
    const Work texts(batch / t.completion_tokens, 1, 0, t.completion_tokens);
    t.pretraining = tokens / batch *
                    (UpdateSeconds(texts, model, rates, 1) / threads + AdamSeconds(model, rates));
  }
  t.run = t.pretraining + t.evaluations + steps * t.step;
  return t;
}

}  // namespace r1zero
