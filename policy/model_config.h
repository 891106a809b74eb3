// The shape of a decoder-only transformer of the Llama family.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kernels/rope_frequencies.h"

namespace r1zero {

// What a family is called in Hugging Face's model_type, and where it differs from Llama.
enum class ModelFamily {
  kLlama,    // "llama": Llama 2 and 3, SmolLM2, and whatever else is one
  kMistral,  // "mistral", without a sliding window: Llama's sums
  kQwen2,    // "qwen2" (also Qwen2.5): q, k and v have a bias
  kQwen3,    // "qwen3": each head of q and k goes through an RMSNorm before its rotation
};

// The small text files of the folder that a config was read from, config.json among them, so that
// they can be written back (policy/hf_folder.h). Takes no part in comparisons.
struct FolderFiles {
  std::shared_ptr<const std::map<std::string, std::string>> by_name;  // null: of no folder
  bool operator==(const FolderFiles&) const { return true; }
};

struct ModelConfig {
  ModelFamily family = ModelFamily::kLlama;
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;  // divides num_heads
  int64_t head_width = 0;    // even
  int64_t intermediate_size = 0;
  int64_t max_positions = 0;  // prompt and completion together
  double rope_theta = 10000;
  kernels::RopeScaling rope_scaling;
  double rms_eps = 1e-6;
  bool tie_embeddings = true;
  std::vector<int32_t> eos_tokens = {
      1};  // each of them ends a completion; at least one, no repeats
  int32_t pad_token = 0;
  int32_t bos_token = -1;  // -1: none. Written back, used by nothing here
  FolderFiles files;

  bool has_qkv_bias() const { return family == ModelFamily::kQwen2; }
  bool has_qk_norm() const { return family == ModelFamily::kQwen3; }
  bool IsEos(int32_t token) const {
    return std::find(eos_tokens.begin(), eos_tokens.end(), token) != eos_tokens.end();
  }
  bool operator==(const ModelConfig&) const = default;
};

// Throws Error naming the field, its value and the rule, if the shape makes no sense.
void CheckModelConfig(const ModelConfig& config);

int64_t NumParameters(const ModelConfig& config);

// The Hugging Face config.json, as transformers 4 and 5 both read it; takes nothing from
// config.files.
std::string ToConfigJson(const ModelConfig& config);

// Reads the config.json of any family, as transformers 4 or 5 wrote it. Refuses by name what is not
// supported (architecture, activation, rope type, sliding window, biases elsewhere, quantisation);
// `where` names the file in errors. eos_tokens are config.json's followed by those that
// `generation_config_json` (may be empty) adds, the padding token the first that either names, else
// the first end token.
ModelConfig FromConfigJson(const std::string& json, const std::string& where,
                           const std::string& generation_config_json = "");

}  // namespace r1zero
