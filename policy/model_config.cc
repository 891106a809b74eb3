#include "policy/model_config.h"

#include <cmath>
#include <limits>

#include "common/error.h"
#include "policy/json.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr int64_t kMaxDimension = int64_t{1} << 24;
constexpr int64_t kMaxCount = int64_t{1} << 12;  // of layers and heads
constexpr double kMaxParameters = double(int64_t{1} << 38);

// Reads the fields of one config.json and names file and field in every error.
class ConfigReader {
 public:
  ConfigReader(const json& root, const std::string& where) : root_(root), where_(where) {
    Require(root.is_object(), where, ": expected a JSON object, found ", Shown(root));
  }

  // Absent and null are the same to transformers.
  const json* Find(const char* name) const {
    const auto it = root_.find(name);
    return it == root_.end() || it->is_null() ? nullptr : &*it;
  }

  int64_t Integer(const char* name) const {
    const json* value = Find(name);
    Require(value != nullptr, where_, ": ", name, " is missing");
    return AsInteger(name, *value);
  }
  int64_t Integer(const char* name, int64_t fallback) const {
    const json* value = Find(name);
    return value ? AsInteger(name, *value) : fallback;
  }
  double Number(const char* name, double fallback) const {
    const json* value = Find(name);
    if (!value) return fallback;
    Require(value->is_number(), where_, ": ", name, " is ", Shown(*value), ", expected a number");
    return value->get<double>();
  }
  bool Bool(const char* name, bool fallback) const {
    const json* value = Find(name);
    if (!value) return fallback;
    Require(value->is_boolean(), where_, ": ", name, " is ", Shown(*value),
            ", expected true or false");
    return value->get<bool>();
  }

  // The field must be absent or `only`.
  void Only(const char* name, const json& only) const {
    const json* value = Find(name);
    Require(!value || *value == only, where_, ": ", name, " is ", value ? Shown(*value) : "",
            ", which is not supported; expected ", Shown(only));
  }
  void Refuse(const char* name) const {
    const json* value = Find(name);
    Require(!value, where_, ": ", name, " is ", value ? Shown(*value) : "",
            ", which is not supported");
  }

 private:
  int64_t AsInteger(const char* name, const json& value) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
    Require(fits, where_, ": ", name, " is ", Shown(value), ", expected a whole number");
    return value.get<int64_t>();
  }

  const json& root_;
  const std::string& where_;
};

// transformers 4 has rope_theta and rope_scaling, transformers 5 rope_parameters, old files both.
double RopeTheta(const ConfigReader& reader, const std::string& where) {
  double theta = reader.Number("rope_theta", 10000);
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    const json* rope = reader.Find(name);
    if (!rope) continue;
    const std::string inside = where + ": " + name;
    const ConfigReader rope_reader(*rope, inside);
    rope_reader.Only("rope_type", "default");
    rope_reader.Only("type", "default");
    rope_reader.Only("partial_rotary_factor", 1.0);
    const double inner = rope_reader.Number("rope_theta", theta);
    Require(!reader.Find("rope_theta") || inner == theta, inside, ": rope_theta is ", inner,
            ", but the rope_theta beside it is ", theta);
    theta = inner;
  }
  return theta;
}

// A single id, or a list of one.
int64_t EosToken(const ConfigReader& reader, const std::string& where) {
  const json* eos = reader.Find("eos_token_id");
  Require(eos != nullptr, where, ": eos_token_id is missing; sampling has to know where to stop");
  if (!eos->is_array()) return reader.Integer("eos_token_id");
  Require(eos->size() == 1 && eos->front().is_number_integer(), where, ": eos_token_id is ",
          Shown(*eos), ", which is not supported; expected one token id");
  return eos->front().get<int64_t>();
}

void RefuseUnsupported(const ConfigReader& reader) {
  reader.Only("model_type", "llama");
  reader.Only("architectures", json::array({"LlamaForCausalLM"}));
  const json* activation = reader.Find("hidden_act");
  if (!activation || *activation != "swish") reader.Only("hidden_act", "silu");
  reader.Only("attention_bias", false);
  reader.Only("mlp_bias", false);
  reader.Only("partial_rotary_factor", 1.0);
  reader.Refuse("quantization_config");
}

void CheckField(const char* name, int64_t value, bool holds, const char* rule) {
  Require(holds, "model config: ", name, " is ", value, ", expected ", rule);
}

void CheckDimension(const char* name, int64_t value) {
  CheckField(name, value, value >= 1 && value <= kMaxDimension, "1 to 16777216");
}

void CheckCount(const char* name, int64_t value) {
  CheckField(name, value, value >= 1 && value <= kMaxCount, "1 to 4096");
}

}  // namespace

void CheckModelConfig(const ModelConfig& c) {
  CheckDimension("vocab_size", c.vocab_size);
  CheckDimension("hidden_size", c.hidden_size);
  CheckCount("num_layers", c.num_layers);
  CheckCount("num_heads", c.num_heads);
  CheckCount("num_kv_heads", c.num_kv_heads);
  CheckDimension("head_width", c.head_width);
  CheckDimension("intermediate_size", c.intermediate_size);
  CheckDimension("max_positions", c.max_positions);
  CheckField("num_kv_heads", c.num_kv_heads, c.num_heads % c.num_kv_heads == 0,
             "a divisor of num_heads");
  CheckField("head_width", c.head_width, c.head_width % 2 == 0,
             "an even number (rotary embedding turns pairs)");
  Require(std::isfinite(c.rope_theta) && c.rope_theta > 1, "model config: rope_theta is ",
          c.rope_theta, ", expected a number above 1");
  Require(std::isfinite(c.rms_eps) && c.rms_eps > 0 && c.rms_eps < 1, "model config: rms_eps is ",
          c.rms_eps, ", expected a number between 0 and 1");
  CheckField("eos_token", c.eos_token, c.eos_token >= 0 && c.eos_token < c.vocab_size,
             "a token below vocab_size");
  CheckField("pad_token", c.pad_token, c.pad_token >= 0 && c.pad_token < c.vocab_size,
             "a token below vocab_size");
  const double parameters = static_cast<double>(NumParameters(c));
  Require(parameters <= kMaxParameters, "model config: ", parameters,
          " parameters are more than this program handles");
}

int64_t NumParameters(const ModelConfig& c) {
  // In double, which does not overflow and is exact as far as CheckModelConfig allows.
  const double D = c.hidden_size, H = c.head_width, F = c.intermediate_size;
  const double attention = 2 * D * H * (c.num_heads + c.num_kv_heads);
  const double layer = attention + 3 * D * F + 2 * D;
  const double heads = c.vocab_size * D * (c.tie_embeddings ? 1 : 2);
  const double all = heads + c.num_layers * layer + D;
  return all < 9e18 ? static_cast<int64_t>(all) : std::numeric_limits<int64_t>::max();
}

std::string ToConfigJson(const ModelConfig& c) {
  CheckModelConfig(c);
  const json config = {
      {"architectures", json::array({"LlamaForCausalLM"})},
      {"model_type", "llama"},
      {"vocab_size", c.vocab_size},
      {"hidden_size", c.hidden_size},
      {"intermediate_size", c.intermediate_size},
      {"num_hidden_layers", c.num_layers},
      {"num_attention_heads", c.num_heads},
      {"num_key_value_heads", c.num_kv_heads},
      {"head_dim", c.head_width},
      {"max_position_embeddings", c.max_positions},
      {"hidden_act", "silu"},
      {"attention_bias", false},
      {"attention_dropout", 0.0},
      {"mlp_bias", false},
      {"rms_norm_eps", c.rms_eps},
      {"rope_theta", c.rope_theta},  // transformers 4; the next one is 5's
      {"rope_parameters", {{"rope_type", "default"}, {"rope_theta", c.rope_theta}}},
      {"rope_scaling", nullptr},
      {"initializer_range", 0.02},
      {"pretraining_tp", 1},
      {"tie_word_embeddings", c.tie_embeddings},
      {"bos_token_id", nullptr},
      {"eos_token_id", c.eos_token},
      {"pad_token_id", c.pad_token},
      {"torch_dtype", "float32"},
      {"use_cache", true},
  };
  return config.dump(2) + "\n";
}

ModelConfig FromConfigJson(const std::string& text, const std::string& where) {
  const json root = ParseJson(text, where);
  const ConfigReader reader(root, where);
  Require(reader.Find("model_type") != nullptr, where,
          ": model_type is missing, expected \"llama\"");
  RefuseUnsupported(reader);

  ModelConfig c;
  c.vocab_size = reader.Integer("vocab_size");
  c.hidden_size = reader.Integer("hidden_size");
  c.num_layers = reader.Integer("num_hidden_layers");
  c.num_heads = reader.Integer("num_attention_heads");
  c.num_kv_heads = reader.Integer("num_key_value_heads", c.num_heads);
  c.head_width = reader.Integer("head_dim", c.num_heads > 0 ? c.hidden_size / c.num_heads : 0);
  c.intermediate_size = reader.Integer("intermediate_size");
  c.max_positions = reader.Integer("max_position_embeddings", 2048);
  c.rope_theta = RopeTheta(reader, where);
  c.rms_eps = reader.Number("rms_norm_eps", 1e-6);
  c.tie_embeddings = reader.Bool("tie_word_embeddings", false);
  const int64_t eos = EosToken(reader, where);
  const int64_t pad =
      reader.Integer("pad_token_id", eos);  // llama models often have no padding token
  Require(eos >= 0 && eos < c.vocab_size, where, ": eos_token_id is ", eos, ", expected 0 to ",
          c.vocab_size - 1);
  Require(pad >= 0 && pad < c.vocab_size, where, ": pad_token_id is ", pad, ", expected 0 to ",
          c.vocab_size - 1);
  c.eos_token = static_cast<int32_t>(eos);
  c.pad_token = static_cast<int32_t>(pad);
  try {
    CheckModelConfig(c);
  } catch (const Error& error) {
    Fail(where, ": ", error.what());
  }
  return c;
}

}  // namespace r1zero
