// [grpo], [pretrain], [policy], [eval], [checkpoint]: everything about training.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config.h"
#include "kernels/bfloat16.h"
#include "policy/model_config.h"

namespace r1zero {

// The surrogate and its penalty; see grpo/loss.h for the formulas.
struct LossConfig {
  double clip_low = 0.2;
  double clip_high = 0.2;
  double kl_coef = 0.001;
  std::string kl_estimator = "k3";  // k1, k2, k3, unbiased
  std::string aggregation = "seq-mean-token-mean";
  int64_t max_completion_tokens = 0;  // denominator of seq-mean-token-sum-norm; 0: rollout limit
};

struct OptimizerConfig {
  double lr = 2e-4;
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;
  double weight_decay = 0;
  double max_grad_norm = 1.0;  // 0: no clipping
  int64_t warmup_steps = 5;
  double final_lr_fraction = 1.0;  // of lr at the last step; 1: constant
  double decay_start = 0.5;        // share of the steps after which lr falls linearly
};

struct GrpoConfig {
  int64_t steps = 160;  // rollouts; each is minibatches x inner_epochs optimizer steps
  int64_t prompts_per_step = 16;
  int64_t group_size = 16;
  int64_t minibatches = 1;
  int64_t inner_epochs = 1;
  std::string advantage_std = "unbiased";  // unbiased, population, leave-one-out, batch, none
  double advantage_eps = 1e-4;
  int64_t reference_refresh_steps =
      0;  // 0: never; n: the reference becomes the policy every n steps
  int64_t micro_batch_tokens = 8192;
  bool check_old_logprobs = false;
  int threads = 0;  // learner threads; 0: one a core
  LossConfig loss;
  OptimizerConfig optimizer;
};
void Describe(Fields& f, GrpoConfig& c);  // flat keys: grpo.lr, grpo.clip_low, grpo.kl_coef, ...

struct PretrainConfig {
  int64_t tokens = 3'000'000;  // 0: no pretraining
  int64_t batch_tokens = 2000;
  double lr = 2e-3;
  double final_lr_fraction = 0.05;  // cosine
  int64_t warmup_steps = 50;
  double beta1 = 0.9, beta2 = 0.98;
  double weight_decay = 0.05;
  double max_grad_norm = 1.0;
  double extra_tokens = 0.5;  // share of `tokens` that may be added until the readiness gate passes
  std::string cache = ".cache/base";  // folder of finished base policies, by config hash
};
void Describe(Fields& f, PretrainConfig& c);

struct PolicyConfig {
  std::string path;  // a Hugging Face folder; empty: a new policy of the shape below
  int64_t hidden_size = 96, num_layers = 3, num_heads = 4, num_kv_heads = 4, head_width = 24;
  int64_t intermediate_size = 256, max_positions = 256;
  double rope_theta = 10000, rms_eps = 1e-6;
  bool tie_embeddings = true;
  std::string storage = "float32";  // of matrices, keys and values while sampling and training
};
void Describe(Fields& f, PolicyConfig& c);
kernels::Storage StorageOf(const PolicyConfig& c);

struct EvalConfig {
  int64_t every = 20;                                    // steps; 0: only before and after
  int64_t samples = 8;                                   // completions a problem, before and after
  int64_t samples_during = 1;                            // ... and during training
  std::vector<std::string> temperatures = {"1", "0.6"};  // before and after; the first one during
  std::vector<std::string> count = {"wait"};  // words counted in completions (tries, for signs)
};
void Describe(Fields& f, EvalConfig& c);
// Error if a temperature is not 0 (greedy) or 0.01 to 100, or if a counted word is empty, there
// twice, or the name of another metric.
void Check(const EvalConfig& c);

struct CheckpointConfig {
  int64_t every = 20;  // steps; 0: only at the end
  int64_t keep = 3;    // newest ones kept, at least 2
};
void Describe(Fields& f, CheckpointConfig& c);

}  // namespace r1zero
