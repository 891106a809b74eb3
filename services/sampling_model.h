// A model to sample from, found and loaded for eval and sample. All that these verbs ask of a model
// folder and a tokenizer is here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/bfloat16.h"
#include "policy/tokenizer.h"
#include "policy/weights.h"
#include "rollout/engine.h"

namespace r1zero {

// `path` itself if it is a model folder (it holds config.json); of a run's folder or its
// checkpoints/ the newest checkpoint. Error if it is none of these.
std::filesystem::path FindModelFolder(const std::filesystem::path& path);

struct SamplingModel {
  std::filesystem::path folder;
  ModelConfig config;
  std::shared_ptr<const Weights> weights;  // float32, as they were read; an engine packs its own
  std::shared_ptr<const Tokenizer> tokenizer;
  kernels::Storage storage = kernels::Storage::kFloat32;  // of its engines

  // A prompt's tokens. Error if it is empty, cannot be encoded, or fills the context.
  std::vector<int32_t> EncodePrompt(std::string_view text) const;
  std::vector<std::string> TokenTexts() const;  // of every token, special ones empty
  std::string TokenName(int32_t token) const;   // special ones too
};
// `storage`: "float32", or "bfloat16" as policy.storage of a run has it.
SamplingModel LoadSamplingModel(const std::filesystem::path& path, const std::string& storage);

// Prompt and completion together, within the model's context.
int32_t TotalTokens(const SamplingModel& model, size_t prompt_tokens, int64_t max_tokens);

struct EngineSize {
  int32_t group_size = 1;
  int64_t max_sequences = 64;  // decoded together, at least a group
  int64_t max_total_tokens = 0;
  int engines = 1;  // beside each other on this machine
};

// An engine with the model's weights and token texts. Keys and values get a quarter of the machine's
// memory, over all engines, or what one completion needs if that is more.
std::unique_ptr<Engine> MakeSamplingEngine(const SamplingModel& model, const EngineSize& size);

}  // namespace r1zero
