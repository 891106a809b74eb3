#include "policy/weights.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/error.h"
#include "common/philox.h"
#include "common/sha256.h"

namespace r1zero {
namespace {

static_assert(std::endian::native == std::endian::little, "the flat buffer is little-endian");

class ManifestWriter {
 public:
  void Add(std::string name, std::vector<int64_t> shape) {
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    const bool is_matrix = shape.size() > 1;
    specs_.push_back({std::move(name), std::move(shape), offset_, size, is_matrix});
    offset_ += size;
  }
  std::vector<TensorSpec> Take() { return std::move(specs_); }

 private:
  std::vector<TensorSpec> specs_;
  int64_t offset_ = 0;
};

void AddLayer(const ModelConfig& c, int64_t layer, ManifestWriter& manifest) {
  const int64_t D = c.hidden_size, F = c.intermediate_size;
  const int64_t query_width = c.num_heads * c.head_width;
  const int64_t kv_width = c.num_kv_heads * c.head_width;
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  manifest.Add(prefix + "input_layernorm.weight", {D});
  manifest.Add(prefix + "self_attn.q_proj.weight", {query_width, D});
  manifest.Add(prefix + "self_attn.k_proj.weight", {kv_width, D});
  manifest.Add(prefix + "self_attn.v_proj.weight", {kv_width, D});
  if (c.has_qkv_bias()) {
    manifest.Add(prefix + "self_attn.q_proj.bias", {query_width});
    manifest.Add(prefix + "self_attn.k_proj.bias", {kv_width});
    manifest.Add(prefix + "self_attn.v_proj.bias", {kv_width});
  }
  if (c.has_qk_norm()) {
    manifest.Add(prefix + "self_attn.q_norm.weight", {c.head_width});
    manifest.Add(prefix + "self_attn.k_norm.weight", {c.head_width});
  }
  manifest.Add(prefix + "self_attn.o_proj.weight", {D, query_width});
  manifest.Add(prefix + "post_attention_layernorm.weight", {D});
  manifest.Add(prefix + "mlp.gate_proj.weight", {F, D});
  manifest.Add(prefix + "mlp.up_proj.weight", {F, D});
  manifest.Add(prefix + "mlp.down_proj.weight", {D, F});
}

// Standard deviation that a matrix starts with; 0 for a vector: a norm starts at 1, a bias at 0.
double InitStd(const ModelConfig& c, const TensorSpec& spec) {
  if (!spec.decay) return 0;
  if (spec.name == "model.embed_tokens.weight" || spec.name == "lm_head.weight") return 0.05;
  const double fan_in = static_cast<double>(spec.shape[1]);
  const bool into_residual =
      spec.name.ends_with("o_proj.weight") || spec.name.ends_with("down_proj.weight");
  return into_residual ? 1 / std::sqrt(2.0 * c.num_layers * fan_in) : 0.7 / std::sqrt(fan_in);
}

}  // namespace

std::vector<TensorSpec> WeightManifest(const ModelConfig& c) {
  CheckModelConfig(c);
  ManifestWriter manifest;
  manifest.Add("model.embed_tokens.weight", {c.vocab_size, c.hidden_size});
  for (int64_t layer = 0; layer < c.num_layers; ++layer) AddLayer(c, layer, manifest);
  manifest.Add("model.norm.weight", {c.hidden_size});
  if (!c.tie_embeddings) manifest.Add("lm_head.weight", {c.vocab_size, c.hidden_size});
  return manifest.Take();
}

std::span<const float> WeightTensor(const Weights& weights, std::string_view name) {
  for (const TensorSpec& spec : WeightManifest(weights.config))
    if (spec.name == name) return std::span(weights.flat).subspan(spec.offset, spec.size);
  Fail("the policy has no tensor named ", name);
}

void CheckWeights(const Weights& weights) {
  const auto size = static_cast<int64_t>(weights.flat.size());
  Require(size == NumParameters(weights.config), "version ", weights.version, " holds ", size,
          " weights, its model config says ", NumParameters(weights.config));
  const auto bad = std::ranges::find_if(weights.flat, [](float w) { return !std::isfinite(w); });
  if (bad == weights.flat.end()) return;
  const int64_t at = bad - weights.flat.begin();
  for (const TensorSpec& spec : WeightManifest(weights.config))
    Require(at < spec.offset || at >= spec.offset + spec.size, "version ", weights.version,
            ": tensor ", spec.name, " holds ", *bad, " at element ", at - spec.offset,
            "; weights must be finite");
}

Weights InitWeights(const ModelConfig& config, uint64_t seed) {
  const std::vector<TensorSpec> manifest = WeightManifest(config);
  Weights weights{.config = config};
  weights.flat.resize(NumParameters(config));
  for (size_t tensor = 0; tensor < manifest.size(); ++tensor) {
    const TensorSpec& spec = manifest[tensor];
    const double std = InitStd(config, spec);
    const float constant = spec.name.ends_with(".bias") ? 0.0f : 1.0f;
    RandomStream random(seed, RandomPurpose::kInit, tensor);
    for (float& weight : std::span(weights.flat).subspan(spec.offset, spec.size))
      weight = std == 0 ? constant : static_cast<float>(std * random.Normal());
  }
  return weights;
}

std::string WeightSha256(std::span<const float> flat) { return Sha256Hex(std::as_bytes(flat)); }

std::string WeightSha256(const Weights& weights) { return WeightSha256(std::span(weights.flat)); }

}  // namespace r1zero
