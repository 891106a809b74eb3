// A Hugging Face model folder: config.json, model.safetensors (or shards with their index),
// tokenizer.json and the small files beside them. What we write, transformers loads with the same
// logits; what it wrote (of the families of docs/models.md) we load.
#pragma once

#include <filesystem>
#include <memory>

#include "policy/tokenizer.h"
#include "policy/weights.h"

namespace r1zero {

struct HfFolder {
  std::shared_ptr<Weights> weights;
  std::shared_ptr<const Tokenizer> tokenizer;
};

// Creates the folder; each file is written durably. Weights are float32 in one file; what came with
// the folder that the config was read from (config.files) is written back.
void SaveHfFolder(const std::filesystem::path& folder, const Weights& weights,
                  const Tokenizer& tokenizer);

// The same without tokenizer.json and, unless it came with the folder, tokenizer_config.json.
void SaveHfWeights(const std::filesystem::path& folder, const Weights& weights);

// Error naming file and field for anything missing, of another shape, not finite, or not supported,
// or that is not what a manifest.json beside it says.
HfFolder LoadHfFolder(const std::filesystem::path& folder);

struct HfShape {
  ModelConfig config;
  std::shared_ptr<const Tokenizer> tokenizer;
};
// LoadHfFolder with every check of it, but the weights are looked at in pieces and not kept: what
// remains to go wrong when they are loaded later is memory.
HfShape CheckHfFolder(const std::filesystem::path& folder);

// LoadHfFolder without a tokenizer, which may be missing or of a kind that is not supported.
std::shared_ptr<Weights> LoadHfWeights(const std::filesystem::path& folder);

}  // namespace r1zero
