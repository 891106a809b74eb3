#include "grpo/grpo_config.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr double kMany = 1e9;
constexpr Range kDecay = {.min = 0, .max = 0.999999};  // Adam divides by 1 - beta^step

void DescribeLoss(Fields& f, LossConfig& c) {
  f.Key("clip_low", c.clip_low, "the ratio is clipped to at least 1 - clip_low", {0, 1});
  f.Key("clip_high", c.clip_high, "the ratio is clipped to at most 1 + clip_high", {.min = 0});
  f.Key("kl_coef", c.kl_coef, "weight of the KL penalty in the loss; 0: none", {.min = 0});
  f.Key("kl_estimator", c.kl_estimator, "estimator of KL(policy || reference)",
        {"k1", "k2", "k3", "unbiased"});
  f.Key("aggregation", c.aggregation, "how token losses become one",
        {"seq-mean-token-mean", "token-mean", "seq-mean-token-sum-norm", "seq-mean-token-sum",
         "token-sum"});
  f.Key("max_completion_tokens", c.max_completion_tokens,
        "denominator of seq-mean-token-sum-norm; 0: rollout.max_total_tokens", {0, kMany});
}

void DescribeOptimizer(Fields& f, OptimizerConfig& c) {
  f.Key("lr", c.lr, "peak learning rate of AdamW", {.min = 0});
  f.Key("beta1", c.beta1, "decay of the gradient's mean; below 1", kDecay);
  f.Key("beta2", c.beta2, "decay of the squared gradient's mean; below 1", kDecay);
  f.Key("eps", c.eps, "added to the root of the squared gradient's mean; above 0", {.min = 1e-20});
  f.Key("weight_decay", c.weight_decay, "of matrices, decoupled", {.min = 0});
  f.Key("max_grad_norm", c.max_grad_norm, "gradients are scaled down to this norm; 0: never",
        {.min = 0});
  f.Key("warmup_steps", c.warmup_steps, "optimizer steps of linear warm-up", {0, kMany});
  f.Key("final_lr_fraction", c.final_lr_fraction, "of lr, at the last step; 1: constant", {0, 1});
  f.Key("decay_start", c.decay_start, "share of the steps after which lr falls linearly", {0, 1});
}

void CheckTemperature(const std::string& text) {
  double value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  Require(is_number && (value == 0 || (value >= 0.01 && value <= 100)), "eval.temperatures: '",
          text, "', expected 0 (greedy) or a number from 0.01 to 100");
}

// Those that stand beside completions/<word> and eval/<word>.
bool IsMetricName(std::string word, std::span<const std::string> words) {
  for (const std::string suffix : {"_low", "_high"}) {
    if (!word.ends_with(suffix)) continue;
    word.resize(word.size() - suffix.size());
    if (std::ranges::find(words, word) != words.end()) return true;
  }
  constexpr std::array names = {"format",     "mean_length",   "min_length",
                                "max_length", "clipped_ratio", "mean_terminated_length"};
  return word.starts_with("pass@") || word.starts_with("maj@") ||
         word.starts_with("temperature_") || std::ranges::find(names, word) != names.end();
}

}  // namespace

void Describe(Fields& f, GrpoConfig& c) {
  f.Key("steps", c.steps, "rollouts, each trained on once", {0, kMany});
  f.Key("prompts_per_step", c.prompts_per_step, "prompts of one rollout", {1, 1e6});
  f.Key("group_size", c.group_size, "completions sampled per prompt", {2, 4096});
  f.Key("minibatches", c.minibatches, "optimizer steps per pass over a rollout", {1, 4096});
  f.Key("inner_epochs", c.inner_epochs, "passes over a rollout", {1, 1024});
  f.Key("advantage_std", c.advantage_std, "what a group's centred rewards are divided by",
        {"unbiased", "population", "leave-one-out", "batch", "none"});
  f.Key("advantage_eps", c.advantage_eps, "added to that standard deviation", {.min = 0});
  f.Key("reference_refresh_steps", c.reference_refresh_steps,
        "the reference becomes the policy every so many steps; 0: never", {0, kMany});
  f.Key("micro_batch_tokens", c.micro_batch_tokens,
        "tokens run at once, prompts included; changes memory and speed only", {1, kMany});
  f.Key("check_old_logprobs", c.check_old_logprobs,
        "recompute every sampled log-probability first and stop if one differs by a bit");
  f.Key("threads", c.threads, "threads of the learner; 0: one a core", {0, 4096});
  DescribeLoss(f, c.loss);
  DescribeOptimizer(f, c.optimizer);
}

void Describe(Fields& f, PretrainConfig& c) {
  f.Key("tokens", c.tokens, "tokens to pretrain a base policy on; 0: no pretraining", {0, 1e15});
  f.Key("batch_tokens", c.batch_tokens, "tokens of one optimizer step", {1, kMany});
  f.Key("lr", c.lr, "peak learning rate", {.min = 0});
  f.Key("final_lr_fraction", c.final_lr_fraction, "of lr, at the end of the cosine", {0, 1});
  f.Key("warmup_steps", c.warmup_steps, "optimizer steps of linear warm-up", {0, kMany});
  f.Key("beta1", c.beta1, "decay of the gradient's mean; below 1", kDecay);
  f.Key("beta2", c.beta2, "decay of the squared gradient's mean; below 1", kDecay);
  f.Key("weight_decay", c.weight_decay, "of matrices, decoupled", {.min = 0});
  f.Key("max_grad_norm", c.max_grad_norm, "gradients are scaled down to this norm; 0: never",
        {.min = 0});
  f.Key("extra_tokens", c.extra_tokens,
        "share of tokens that may be added until the readiness probes pass", {0, 100});
  f.Key("cache", c.cache, "folder of finished base policies, by config hash; empty: none");
}

void Describe(Fields& f, PolicyConfig& c) {
  f.Key("path", c.path, "a Hugging Face folder to start from; empty: a new policy of this shape");
  f.Key("hidden_size", c.hidden_size, "width of the residual stream", {1, 1e6});
  f.Key("num_layers", c.num_layers, "transformer blocks", {1, 4096});
  f.Key("num_heads", c.num_heads, "query heads", {1, 4096});
  f.Key("num_kv_heads", c.num_kv_heads, "key and value heads; divides num_heads", {1, 4096});
  f.Key("head_width", c.head_width, "width of a head; even", {2, 65536});
  f.Key("intermediate_size", c.intermediate_size, "width of the feed-forward layer", {1, 1e7});
  f.Key("max_positions", c.max_positions, "longest prompt and completion together", {1, 1 << 24});
  f.Key("rope_theta", c.rope_theta, "base of the rotary frequencies; above 1", {.min = 1});
  f.Key("rms_eps", c.rms_eps, "added to the mean square in RMSNorm", {.min = 0});
  f.Key("tie_embeddings", c.tie_embeddings, "the output head is the embedding");
  f.Key("storage", c.storage,
        "of matrices, embedding, keys and values: bfloat16 rounds them and halves their memory",
        {"float32", "bfloat16"});
}

kernels::Storage StorageOf(const PolicyConfig& c) {
  return c.storage == "bfloat16" ? kernels::Storage::kBfloat16 : kernels::Storage::kFloat32;
}

void Describe(Fields& f, EvalConfig& c) {
  f.Key("every", c.every, "steps between evaluations during training; 0: none", {0, kMany});
  f.Key("samples", c.samples, "completions a held-out problem, before and after", {1, 4096});
  f.Key("samples_during", c.samples_during, "the same during training", {1, 4096});
  f.Key("temperatures", c.temperatures, "before and after; the first one during training too");
  f.Key("count", c.count, "words counted in completions");
}

void Check(const EvalConfig& c) {
  for (const std::string& text : c.temperatures) CheckTemperature(text);
  for (const std::string& word : c.count) {
    Require(!word.empty() && std::ranges::count(c.count, word) == 1, "eval.count: '", word,
            "' is empty or there twice, expected distinct words");
    Require(!IsMetricName(word, c.count), "eval.count: '", word,
            "' is the name of a metric, which its count would replace; expected another word");
  }
}

void Describe(Fields& f, CheckpointConfig& c) {
  f.Key("every", c.every, "steps between checkpoints; 0: only at the end", {0, kMany});
  f.Key("keep", c.keep, "newest checkpoints kept", {2, 1e6});
}

}  // namespace r1zero
