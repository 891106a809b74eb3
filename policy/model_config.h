// The shape of a decoder-only transformer of the Llama family.
#pragma once

#include <cstdint>
#include <string>

namespace r1zero {

struct ModelConfig {
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;  // divides num_heads
  int64_t head_width = 0;    // even
  int64_t intermediate_size = 0;
  int64_t max_positions = 0;  // prompt and completion together
  double rope_theta = 10000;
  double rms_eps = 1e-6;
  bool tie_embeddings = true;
  int32_t eos_token = 1;
  int32_t pad_token = 0;

  bool operator==(const ModelConfig&) const = default;
};

// Throws Error naming the field, its value and the rule, if the shape makes no sense.
void CheckModelConfig(const ModelConfig& config);

int64_t NumParameters(const ModelConfig& config);

// The Hugging Face config.json of model_type "llama". FromConfigJson refuses by name what is not
// supported (architecture, activation, rope scaling, biases, quantisation); `where` names the file
// in errors.
std::string ToConfigJson(const ModelConfig& config);
ModelConfig FromConfigJson(const std::string& json, const std::string& where);

}  // namespace r1zero
