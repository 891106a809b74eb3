// Trains a base policy from scratch on texts: next-token prediction, AdamW, cosine.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grpo/grpo_config.h"
#include "policy/tokenizer.h"
#include "policy/weights.h"
#include "tasks/task.h"

namespace r1zero {

struct PretrainProgress {
  int64_t step = 0, tokens = 0, target_tokens = 0;
  double loss = 0, lr = 0, seconds = 0;
  std::vector<std::pair<std::string, double>> probes;  // measured every 100 steps
};

struct PretrainResult {
  std::shared_ptr<const Weights> weights;
  int64_t steps = 0, tokens = 0;
  double loss = 0, seconds = 0;
  bool ready = false;  // every probe within its bounds
  std::vector<std::pair<std::string, double>> probes;
};

struct PretrainOptions {
  PretrainConfig config;
  ModelConfig model;
  uint64_t seed = 0;
  int threads = 0;
  std::string device = "cpu";
  std::function<void(const PretrainProgress&)> progress;
};

// Goes on beyond config.tokens (constant low lr) until the probes pass or extra_tokens are used up.
// Error if interrupted. The same options give the same bits.
PretrainResult Pretrain(const Task& task, const Tokenizer& tokenizer,
                        const PretrainOptions& options);

}  // namespace r1zero
