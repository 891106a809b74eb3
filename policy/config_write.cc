#include "policy/json.h"
#include "policy/model_family.h"

namespace r1zero {
namespace {

using nlohmann::json;

json RopeJson(const ModelConfig& c) {
  const kernels::RopeScaling& s = c.rope_scaling;
  if (!s.is_on()) return {{"rope_type", "default"}};
  return {{"rope_type", "llama3"},
          {"factor", s.factor},
          {"low_freq_factor", s.low_freq_factor},
          {"high_freq_factor", s.high_freq_factor},
          {"original_max_position_embeddings", s.original_max_positions}};
}

// What only some families have a field for.
void AddFamilyFields(const ModelConfig& c, json& config) {
  const bool is_qwen = c.family == ModelFamily::kQwen2 || c.family == ModelFamily::kQwen3;
  if (c.family != ModelFamily::kLlama) config["sliding_window"] = nullptr;
  if (is_qwen) config["use_sliding_window"] = false;
  if (c.family == ModelFamily::kLlama || c.family == ModelFamily::kQwen3)
    config["attention_bias"] = false;
  if (c.family != ModelFamily::kLlama) return;
  config["mlp_bias"] = false;
  config["pretraining_tp"] = 1;
}

json TokenOrNull(int32_t token) { return token < 0 ? json(nullptr) : json(token); }

json EosJson(const ModelConfig& c) {
  return c.eos_tokens.size() == 1 ? json(c.eos_tokens.front()) : json(c.eos_tokens);
}

}  // namespace

std::string ToConfigJson(const ModelConfig& c) {
  CheckModelConfig(c);
  const FamilyFacts& facts = FactsOf(c.family);
  json config = {
      {"architectures", json::array({facts.architecture})},
      {"model_type", facts.model_type},
      {"vocab_size", c.vocab_size},
      {"hidden_size", c.hidden_size},
      {"intermediate_size", c.intermediate_size},
      {"num_hidden_layers", c.num_layers},
      {"num_attention_heads", c.num_heads},
      {"num_key_value_heads", c.num_kv_heads},
      {"head_dim", c.head_width},
      {"max_position_embeddings", c.max_positions},
      {"hidden_act", "silu"},
      {"attention_dropout", 0.0},
      {"rms_norm_eps", c.rms_eps},
      {"rope_theta", c.rope_theta},  // with rope_scaling transformers 4's; rope_parameters is 5's
      {"rope_parameters", RopeJson(c)},
      {"rope_scaling", c.rope_scaling.is_on() ? RopeJson(c) : json(nullptr)},
      {"initializer_range", 0.02},
      {"tie_word_embeddings", c.tie_embeddings},
      {"bos_token_id", TokenOrNull(c.bos_token)},
      {"eos_token_id", EosJson(c)},
      {"pad_token_id", c.pad_token},
      {"torch_dtype", "float32"},
      {"use_cache", true},
  };
  config["rope_parameters"]["rope_theta"] = c.rope_theta;
  AddFamilyFields(c, config);
  return config.dump(2) + "\n";
}

}  // namespace r1zero
