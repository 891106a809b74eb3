// A whole run's configuration: the sections of a runs/*.toml, each a plain struct of its own folder.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "grpo/grpo_config.h"
#include "reward/reward_config.h"
#include "rollout/rollout_config.h"
#include "tasks/task_config.h"

namespace r1zero {

struct RunSection {
  std::string name = "signs";  // the run folder is <out>/<name>
  std::string out = "out";
  int64_t seed = 1;            // decides everything that is random in the run
  std::string device = "cpu";  // "cpu" or "cuda"; where the learner computes
};
void Describe(Fields& f, RunSection& c);

struct RunConfig {
  RunSection run;
  TaskConfig task;
  PolicyConfig policy;
  PretrainConfig pretrain;
  RolloutConfig rollout;
  RewardConfig reward;
  GrpoConfig grpo;
  EvalConfig eval;
  CheckpointConfig checkpoint;
};
void Describe(Fields& f, RunConfig& c);

// Defaults < `path` (empty: none) < overrides, checked field by field and across fields. Error names
// file, line and key.
RunConfig LoadRunConfig(const std::string& path, std::span<const std::string> overrides);

// The resolved configuration as TOML; reads back to the same values.
std::string ToToml(const RunConfig& config);

// The page of `r1zero train --help`: every key, its default and its meaning.
std::string RunConfigHelp();

// A hash of all that the trained weights depend on: not the run's name and place, nor how many workers,
// threads or leases served it. A resumed run must have the same.
std::string TrainingSha256(const RunConfig& config);

// A hash of all that the pretrained base policy depends on: the key of its cache.
std::string BaseSha256(const RunConfig& config);

}  // namespace r1zero
