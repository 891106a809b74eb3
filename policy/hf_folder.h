// A Hugging Face model folder: config.json, model.safetensors, tokenizer.json,
// tokenizer_config.json, generation_config.json. What we write, transformers loads with the same
// logits; what it wrote (of the supported kind) we load.
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

// Creates the folder; each file is written durably.
void SaveHfFolder(const std::filesystem::path& folder, const Weights& weights,
                  const Tokenizer& tokenizer);

// Error naming file and field for anything missing, of another shape, not finite, or not supported.
HfFolder LoadHfFolder(const std::filesystem::path& folder);

}  // namespace r1zero
