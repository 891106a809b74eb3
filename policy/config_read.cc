#include <algorithm>

#include "common/error.h"
#include "policy/config_reader.h"
#include "policy/model_family.h"

namespace r1zero {
namespace {

using nlohmann::json;

const FamilyFacts& ReadFamily(const ConfigReader& reader) {
  const json* model_type = reader.Find("model_type");
  std::string supported;
  for (const FamilyFacts& facts : kFamilies) {
    if (model_type && *model_type == facts.model_type) {
      reader.Only("architectures", json::array({facts.architecture}));
      return facts;
    }
    supported += (supported.empty() ? "\"" : ", \"") + std::string(facts.model_type) + "\"";
  }
  Require(model_type != nullptr, reader.where(), ": model_type is missing, expected one of ",
          supported);
  reader.NotSupported("model_type", "one of " + supported);
}

struct Rope {
  double theta = 10000;
  kernels::RopeScaling scaling;
  bool operator==(const Rope&) const = default;
};

double Required(const ConfigReader& reader, const char* name) {
  Require(reader.Find(name) != nullptr, reader.where(), ": ", name, " is missing");
  return reader.Number(name, 0);
}

// transformers 4.43 and later say rope_type, those before type; some files say both.
std::string RopeType(const ConfigReader& rope) {
  std::string type = "default";
  for (const char* name : {"type", "rope_type"}) {
    const json* value = rope.Find(name);
    if (!value) continue;
    if (*value != "default" && *value != "llama3")
      rope.NotSupported(name, "\"default\" or \"llama3\"");
    type = value->get<std::string>();
  }
  return type;
}

Rope ReadRopeObject(const ConfigReader& rope, double theta) {
  Rope out{.theta = rope.Number("rope_theta", theta)};
  rope.Only("partial_rotary_factor", 1.0);
  if (RopeType(rope) == "default") return out;
  out.scaling = {.factor = Required(rope, "factor"),
                 .low_freq_factor = Required(rope, "low_freq_factor"),
                 .high_freq_factor = Required(rope, "high_freq_factor"),
                 .original_max_positions = rope.Integer("original_max_position_embeddings")};
  Require(out.scaling.is_on(), rope.where(), ": factor is 0, expected a number from 1");
  return out;
}

// transformers 4 has rope_theta and rope_scaling, transformers 5 rope_parameters, some files all.
Rope ReadRope(const ConfigReader& reader) {
  Rope out{.theta = reader.Number("rope_theta", 10000)};
  bool is_first = true;
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const json* object = reader.Find(name);
    if (!object) continue;
    const std::string where = reader.where() + ": " + name;
    const Rope found = ReadRopeObject(ConfigReader(*object, where), out.theta);
    Require(!reader.Find("rope_theta") || found.theta == out.theta, where, ": rope_theta is ",
            found.theta, ", but the rope_theta beside it is ", out.theta);
    Require(is_first || found == out, where, ": says something else than rope_scaling");
    out = found;
    is_first = false;
  }
  return out;
}

// A window that no position looks beyond is none.
void RefuseSlidingWindow(const ConfigReader& reader, const FamilyFacts& facts,
                         int64_t max_positions) {
  if (const json* types = reader.Find("layer_types")) {
    Require(types->is_array(), reader.where(), ": layer_types is ", Shown(*types),
            ", expected a list");
    for (const json& type : *types)
      Require(type == "full_attention", reader.where(), ": layer_types has ", Shown(type),
              ", which is not supported; expected \"full_attention\" only");
  }
  const bool is_qwen = facts.family == ModelFamily::kQwen2 || facts.family == ModelFamily::kQwen3;
  if (is_qwen && !reader.Bool("use_sliding_window", false)) return;
  const bool is_silent = !reader.Has("sliding_window");
  const int64_t window =
      is_silent ? facts.sliding_window : reader.Integer("sliding_window", /*fallback=*/0);
  if (window == 0 && (is_silent || !reader.Find("sliding_window"))) return;
  Require(window >= max_positions, reader.where(), ": sliding_window is ", window,
          is_silent ? " (transformers' default where it is not given)" : "",
          ", which is not supported; expected null, or at least max_position_embeddings ",
          max_positions);
}

void RefuseUnsupported(const ConfigReader& reader) {
  const json* activation = reader.Find("hidden_act");
  if (!activation || *activation != "swish") reader.Only("hidden_act", "silu");
  reader.Only("attention_bias", false);
  reader.Only("mlp_bias", false);
  reader.Only("partial_rotary_factor", 1.0);
  reader.Refuse(
      "quantization_config",
      "none: weights in float32, bfloat16 or float16, as transformers' dequantize() gives");
}

int32_t AsToken(const ConfigReader& reader, const char* name, const json& value, int64_t vocab) {
  const bool fits = value.is_number_integer() && value >= 0 && value < vocab;
  Require(fits, reader.where(), ": ", name, " is ", Shown(value), ", expected a token id, 0 to ",
          vocab - 1);
  return value.get<int32_t>();
}

// A single id, or a list of them.
void AppendEosTokens(const ConfigReader& reader, ModelConfig& c) {
  const json* eos = reader.Find("eos_token_id");
  if (!eos) return;
  for (const json& value : eos->is_array() ? *eos : json::array({*eos})) {
    const int32_t token = AsToken(reader, "eos_token_id", value, c.vocab_size);
    if (!c.IsEos(token)) c.eos_tokens.push_back(token);
  }
}

// Old Llama files say -1 for a token that there is not.
int32_t TokenOr(const ConfigReader& reader, const char* name, int64_t vocab, int32_t fallback) {
  const json* value = reader.Find(name);
  return value && *value != -1 ? AsToken(reader, name, *value, vocab) : fallback;
}

void ReadTokens(const ConfigReader& reader, const ConfigReader& generation, ModelConfig& c) {
  c.eos_tokens.clear();
  AppendEosTokens(reader, c);
  AppendEosTokens(generation, c);
  const int32_t eos = c.eos_tokens.empty() ? 0 : c.eos_tokens.front();
  const int32_t pad = TokenOr(generation, "pad_token_id", c.vocab_size, eos);
  c.pad_token = TokenOr(reader, "pad_token_id", c.vocab_size, pad);
  const int32_t bos = TokenOr(generation, "bos_token_id", c.vocab_size, -1);
  c.bos_token = TokenOr(reader, "bos_token_id", c.vocab_size, bos);
}

ModelConfig ReadShape(const ConfigReader& reader, const FamilyFacts& facts) {
  ModelConfig c{.family = facts.family};
  c.vocab_size = reader.Integer("vocab_size");
  c.hidden_size = reader.Integer("hidden_size");
  c.num_layers = reader.Integer("num_hidden_layers");
  c.num_heads = reader.Integer("num_attention_heads");
  c.num_kv_heads =
      reader.Integer("num_key_value_heads", facts.kv_heads ? facts.kv_heads : c.num_heads);
  const int64_t shared_width = c.num_heads > 0 ? c.hidden_size / c.num_heads : 0;
  c.head_width = reader.Integer("head_dim", facts.head_width ? facts.head_width : shared_width);
  c.intermediate_size = reader.Integer("intermediate_size");
  c.max_positions = reader.Integer("max_position_embeddings", facts.max_positions);
  c.rms_eps = reader.Number("rms_norm_eps", 1e-6);
  c.tie_embeddings = reader.Bool("tie_word_embeddings", false);
  const Rope rope = ReadRope(reader);
  c.rope_theta = rope.theta;
  c.rope_scaling = rope.scaling;
  return c;
}

}  // namespace

ModelConfig FromConfigJson(const std::string& text, const std::string& where,
                           const std::string& generation_text) {
  const std::string generation_where = where + ": generation_config.json beside it";
  const json root = ParseJson(text, where);
  const json generation_root =
      generation_text.empty() ? json::object() : ParseJson(generation_text, generation_where);
  const ConfigReader reader(root, where), generation(generation_root, generation_where);
  const FamilyFacts& facts = ReadFamily(reader);
  RefuseUnsupported(reader);
  ModelConfig c = ReadShape(reader, facts);
  RefuseSlidingWindow(reader, facts, c.max_positions);
  ReadTokens(reader, generation, c);
  try {
    CheckModelConfig(c);
  } catch (const Error& error) {
    Fail(where, ": ", error.what());
  }
  return c;
}

}  // namespace r1zero
