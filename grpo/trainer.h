// The training run: the ring seen from its hub.
//
//   issue prompts -> take groups -> advantages -> update -> publish -> (checkpoint, evaluate) ->
//   again
//
// The trainer knows neither gRPC nor libtorch nor the task: it is handed the buffer that workers
// fill, the learner, and where prompts come from.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "grpo/checkpoint.h"
#include "grpo/group_buffer.h"
#include "grpo/grpo_config.h"
#include "grpo/learner.h"
#include "grpo/run_folder.h"
#include "grpo/summary.h"
#include "policy/tokenizer.h"
#include "policy/weight_store.h"

namespace r1zero {

struct TrainerConfig {
  uint64_t seed = 0;
  GrpoConfig grpo;
  EvalConfig eval;
  CheckpointConfig checkpoint;
  double temperature = 1.0;
  int64_t max_total_tokens = 128;
  std::vector<std::string> stop;      // of training and evaluation
  std::string config_sha256;          // of the parts that training depends on
  bool accept_config_change = false;  // resume a checkpoint of another configuration
  // Of training rollouts, as in SamplingParams.
  int64_t top_k = 0;
  double top_p = 1.0, min_p = 0.0, repetition_penalty = 1.0;
};

// Something to show a person while training goes on.
struct TrainerEvent {
  enum class Kind { kEvaluating, kSampling, kStep, kEvaluated, kWaiting, kNote, kCheckpoint };
  Kind kind = Kind::kStep;
  int64_t step = 0, steps = 0;
  Metrics metrics;  // kStep: that line of metrics.jsonl; kEvaluated: its evaluation
  double eta_seconds = 0;
  std::string text;  // kWaiting: who waits for whom since when; kNote: a line to stay
  int64_t groups_back = 0, groups_issued = 0;  // kSampling: of a step or an evaluation, each second
};

struct TrainerParts {
  Learner& learner;
  GroupBuffer& buffer;
  WeightStore& weights;
  RunFolder& folder;
  const Tokenizer& tokenizer;
  std::function<Prompt(int64_t ordinal)> training_prompt;
  std::vector<Prompt> held_out;
  std::function<void(const TrainerEvent&)> show;
  std::function<bool()> stop;  // asked between steps and while waiting
};

enum class TrainerOutcome { kFinished, kInterrupted };

// Runs to the last step; with `resume`, from the newest whole checkpoint (from the base policy if
// there is none). Fills `summary`'s base, final, progress and weight hash; writes all of the run
// folder but config.toml, summary.json and report.html. On interruption it saves a checkpoint
// first. When it returns or throws, workers hear that the run is over. Error if a checkpoint is of
// another configuration, or if no group of a step could be judged.
TrainerOutcome Train(const TrainerConfig& config, TrainerParts parts, bool resume,
                     Summary& summary);

}  // namespace r1zero
