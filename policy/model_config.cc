#include "policy/model_config.h"

#include <cmath>
#include <limits>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr int64_t kMaxDimension = int64_t{1} << 24;
constexpr int64_t kMaxCount = int64_t{1} << 12;  // of layers and heads
constexpr double kMaxParameters = double(int64_t{1} << 38);
constexpr size_t kMaxEosTokens = 64;

void CheckField(const char* name, int64_t value, bool holds, const char* rule) {
  Require(holds, "model config: ", name, " is ", value, ", expected ", rule);
}

void CheckDimension(const char* name, int64_t value) {
  CheckField(name, value, value >= 1 && value <= kMaxDimension, "1 to 16777216");
}

void CheckCount(const char* name, int64_t value) {
  CheckField(name, value, value >= 1 && value <= kMaxCount, "1 to 4096");
}

void CheckRopeScaling(const kernels::RopeScaling& s) {
  if (!s.is_on()) return;
  Require(std::isfinite(s.factor) && s.factor >= 1, "model config: rope factor is ", s.factor,
          ", expected a number from 1");
  Require(s.low_freq_factor > 0 && s.high_freq_factor > s.low_freq_factor &&
              std::isfinite(s.high_freq_factor),
          "model config: rope low_freq_factor is ", s.low_freq_factor, " and high_freq_factor ",
          s.high_freq_factor, ", expected 0 < low < high");
  CheckDimension("rope original_max_position_embeddings", s.original_max_positions);
}

void CheckEosTokens(const ModelConfig& c) {
  Require(c.eos_tokens.size() <= kMaxEosTokens, "model config: ", c.eos_tokens.size(),
          " end tokens, expected at most ", kMaxEosTokens);
  for (auto token = c.eos_tokens.begin(); token != c.eos_tokens.end(); ++token) {
    CheckField("an end token", *token, *token >= 0 && *token < c.vocab_size,
               "a token below vocab_size");
    CheckField("an end token", *token, std::find(c.eos_tokens.begin(), token, *token) == token,
               "each only once");
  }
}

}  // namespace

void CheckModelConfig(const ModelConfig& c) {
  CheckDimension("vocab_size", c.vocab_size);
  CheckDimension("hidden_size", c.hidden_size);
  CheckCount("num_layers (num_hidden_layers)", c.num_layers);
  CheckCount("num_heads (num_attention_heads)", c.num_heads);
  CheckCount("num_kv_heads (num_key_value_heads)", c.num_kv_heads);
  CheckDimension("head_width (head_dim)", c.head_width);
  CheckDimension("intermediate_size", c.intermediate_size);
  CheckDimension("max_positions (max_position_embeddings)", c.max_positions);
  CheckField("num_kv_heads (num_key_value_heads)", c.num_kv_heads,
             c.num_heads % c.num_kv_heads == 0, "a divisor of the number of query heads");
  CheckField("head_width (head_dim)", c.head_width, c.head_width % 2 == 0,
             "an even number (rotary embedding turns pairs)");
  Require(std::isfinite(c.rope_theta) && c.rope_theta > 1, "model config: rope_theta is ",
          c.rope_theta, ", expected a number above 1");
  Require(std::isfinite(c.rms_eps) && c.rms_eps > 0 && c.rms_eps < 1,
          "model config: rms_eps (rms_norm_eps) is ", c.rms_eps,
          ", expected a number between 0 and 1");
  CheckRopeScaling(c.rope_scaling);
  CheckEosTokens(c);
  CheckField("pad_token (pad_token_id)", c.pad_token,
             c.pad_token >= 0 && c.pad_token < c.vocab_size, "a token below vocab_size");
  const double parameters = static_cast<double>(NumParameters(c));
  Require(parameters <= kMaxParameters, "model config: ", parameters,
          " parameters are more than this program handles");
}

int64_t NumParameters(const ModelConfig& c) {
  // In double, which does not overflow and is exact as far as CheckModelConfig allows.
  const double D = c.hidden_size, H = c.head_width, F = c.intermediate_size;
  const double attention = 2 * D * H * (c.num_heads + c.num_kv_heads);
  const double bias = c.has_qkv_bias() ? H * (c.num_heads + 2 * c.num_kv_heads) : 0;
  const double head_norms = c.has_qk_norm() ? 2 * H : 0;
  const double layer = attention + bias + head_norms + 3 * D * F + 2 * D;
  const double heads = c.vocab_size * D * (c.tie_embeddings ? 1 : 2);
  const double all = heads + c.num_layers * layer + D;
  return all < 9e18 ? static_cast<int64_t>(all) : std::numeric_limits<int64_t>::max();
}

}  // namespace r1zero
