// checkpoints/step-000020/: a Hugging Face folder that any tool loads, and state/ with what
// resuming needs. Written to a temporary folder, synced, renamed; then LATEST is renamed over. A
// crash at any moment leaves the old checkpoint or the new one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "grpo/learner.h"
#include "policy/tokenizer.h"

namespace r1zero {

struct TrainerProgress {
  int64_t step = 0;          // rollouts trained
  int64_t next_ordinal = 0;  // training prompts issued
  int64_t policy_version = 0;
  int64_t tokens_prompted = 0;   // of trained groups, once a completion
  int64_t tokens_generated = 0;  // of trained groups
  int64_t tokens_trained = 0;    // forward and backward, prompts included
  double seconds_rollout = 0, seconds_training = 0, seconds_evaluation = 0;
};

struct Checkpoint {
  TrainerProgress progress;
  LearnerState learner;
  std::shared_ptr<const Weights> weights;
  std::string config_sha256;  // of the parts of the config that training depends on
};

// What is saved, where it lies: a policy may be too large for a second copy.
struct CheckpointView {
  const TrainerProgress& progress;
  LearnerStateView learner;
  const Weights& weights;
  const std::string& config_sha256;
};
inline CheckpointView ViewOf(const Checkpoint& c) {
  return {c.progress, ViewOf(c.learner), *c.weights, c.config_sha256};
}

// Removes what an interrupted save left behind, and all but the `keep` (at least 2) newest
// checkpoints. One of the same step that is whole stays as it is.
void SaveCheckpoint(const std::filesystem::path& checkpoints, const CheckpointView& checkpoint,
                    const Tokenizer& tokenizer, int64_t keep);

// The config_sha256 of the newest whole checkpoint; nullopt if there is none. Changes nothing.
std::optional<std::string> LatestConfigSha256(const std::filesystem::path& checkpoints);

// The newest whole checkpoint, or nullopt if there is none. One whose manifest does not match
// (SHA-256 a file) is left out; `damaged` hears which and why.
std::optional<Checkpoint> LoadLatestCheckpoint(
    const std::filesystem::path& checkpoints,
    const std::function<void(const std::string& why)>& damaged);

}  // namespace r1zero
