#include "policy/transformer_aten.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

using torch::Tensor;

Tensor RmsNorm(const Tensor& x_MD, const Tensor& weight_D, double eps) {
  return x_MD * (x_MD.square().mean(-1, /*keepdim=*/true) + eps).rsqrt() * weight_D;
}

struct Rotation {
  Tensor cos_M1H, sin_M1H;  // of half the head width
};

// Angles in double: position * theta^(-i / h) loses its fraction in float at long context.
Rotation MakeRotation(const ModelConfig& config, const Tensor& positions_M, at::ScalarType dtype) {
  const std::vector<double> frequencies = kernels::RopeFrequencies(
      static_cast<int>(config.head_width), config.rope_theta, config.rope_scaling);
  const Tensor frequency_h = at::tensor(frequencies, at::kDouble).to(positions_M.device());
  const Tensor angle = positions_M.to(at::kDouble).view({-1, 1, 1}) * frequency_h;
  return {angle.cos().to(dtype), angle.sin().to(dtype)};
}

Tensor Rotate(const Tensor& x_MNH, const Rotation& r) {
  const auto halves = x_MNH.chunk(2, -1);
  return at::cat({halves[0] * r.cos_M1H - halves[1] * r.sin_M1H,
                  halves[1] * r.cos_M1H + halves[0] * r.sin_M1H},
                 -1);
}

// Where packed tokens lie when the sequences stand side by side, padded at the end. A real token
// never sees what comes after it, so causal attention needs no mask for the padding.
struct Padding {
  int64_t S = 0, T = 0;
  Tensor token_ST;  // which token fills the place; padding repeats token 0
  Tensor place_M;   // where token m lies
};

Padding MakePadding(const std::vector<int64_t>& offsets_S1, torch::Device device) {
  Padding p;
  p.S = static_cast<int64_t>(offsets_S1.size()) - 1;
  for (int64_t s = 0; s < p.S; ++s) p.T = std::max(p.T, offsets_S1[s + 1] - offsets_S1[s]);
  std::vector<int64_t> token_ST(p.S * p.T, 0), place_M;
  for (int64_t s = 0; s < p.S; ++s)
    for (int64_t m = offsets_S1[s]; m < offsets_S1[s + 1]; ++m) {
      place_M.push_back(s * p.T + m - offsets_S1[s]);
      token_ST[place_M.back()] = m;
    }
  p.token_ST = at::tensor(token_ST, at::kLong).to(device);
  p.place_M = at::tensor(place_M, at::kLong).to(device);
  return p;
}

Tensor CausalAttention(const Tensor& q_MNH, const Tensor& k_MKH, const Tensor& v_MKH,
                       const Padding& p) {
  const auto side_by_side = [&](const Tensor& x) {
    return x.index_select(0, p.token_ST).view({p.S, p.T, x.size(1), x.size(2)}).transpose(1, 2);
  };
  const Tensor out_SNTH = at::scaled_dot_product_attention(
      side_by_side(q_MNH), side_by_side(k_MKH), side_by_side(v_MKH), /*attn_mask=*/{},
      /*dropout_p=*/0, /*is_causal=*/true, /*scale=*/{},
      /*enable_gqa=*/q_MNH.size(1) != k_MKH.size(1));
  return out_SNTH.transpose(1, 2)
      .reshape({p.S * p.T, q_MNH.size(1), q_MNH.size(2)})
      .index_select(0, p.place_M);
}

}  // namespace

AtenWeights NameWeights(const ModelConfig& config, std::span<const Tensor> tensors) {
  const int64_t in_layer = 9 + (config.has_qkv_bias() ? 3 : 0) + (config.has_qk_norm() ? 2 : 0);
  const size_t expected = 2 + in_layer * config.num_layers + (config.tie_embeddings ? 0 : 1);
  Require(tensors.size() == expected, "transformer: ", tensors.size(), " weight tensors, expected ",
          expected);
  AtenWeights weights;
  auto next = tensors.begin();
  weights.embed_tokens = *next++;
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    AtenLayer& w = weights.layers.emplace_back();
    std::vector<Tensor*> fields{&w.input_norm, &w.q_proj, &w.k_proj, &w.v_proj};
    if (config.has_qkv_bias()) fields.insert(fields.end(), {&w.q_bias, &w.k_bias, &w.v_bias});
    if (config.has_qk_norm()) fields.insert(fields.end(), {&w.q_norm, &w.k_norm});
    fields.insert(fields.end(),
                  {&w.o_proj, &w.post_attention_norm, &w.gate_proj, &w.up_proj, &w.down_proj});
    for (Tensor* field : fields) *field = *next++;
  }
  weights.norm = *next++;
  weights.lm_head = config.tie_embeddings ? weights.embed_tokens : *next;
  return weights;
}

std::vector<Tensor> CutFlat(const ModelConfig& config, const Tensor& flat) {
  std::vector<Tensor> tensors;
  for (const TensorSpec& spec : WeightManifest(config))
    tensors.push_back(flat.narrow(0, spec.offset, spec.size).view(spec.shape));
  return tensors;
}

Tensor AtenHidden(const ModelConfig& config, const AtenWeights& weights, const Tensor& tokens_M,
                  const Tensor& positions_M, const Attend& attend) {
  const int64_t M = tokens_M.size(0), H = config.head_width;
  Tensor x_MD = at::embedding(weights.embed_tokens, tokens_M);
  const Rotation rotation = MakeRotation(config, positions_M, x_MD.scalar_type());
  for (int64_t layer = 0; layer < config.num_layers; ++layer) {
    const AtenLayer& w = weights.layers[layer];
    const Tensor h_MD = RmsNorm(x_MD, w.input_norm, config.rms_eps);
    const auto heads = [&](const Tensor& weight, const Tensor& bias) {
      return at::linear(h_MD, weight, bias).view({M, -1, H});
    };
    const auto rotated = [&](const Tensor& x_MNH, const Tensor& norm_H) {
      return Rotate(norm_H.defined() ? RmsNorm(x_MNH, norm_H, config.rms_eps) : x_MNH, rotation);
    };
    const Tensor q_MNH = rotated(heads(w.q_proj, w.q_bias), w.q_norm);
    const Tensor k_MKH = rotated(heads(w.k_proj, w.k_bias), w.k_norm);
    const Tensor v_MKH = heads(w.v_proj, w.v_bias);
    x_MD = x_MD + at::linear(attend(layer, q_MNH, k_MKH, v_MKH).flatten(1), w.o_proj);
    const Tensor m_MD = RmsNorm(x_MD, w.post_attention_norm, config.rms_eps);
    const Tensor gated_MF = at::silu(at::linear(m_MD, w.gate_proj)) * at::linear(m_MD, w.up_proj);
    x_MD = x_MD + at::linear(gated_MF, w.down_proj);
  }
  return x_MD;
}

Tensor AtenLogits(const ModelConfig& config, const AtenWeights& weights, const Tensor& hidden_MD) {
  return at::linear(RmsNorm(hidden_MD, weights.norm, config.rms_eps), weights.lm_head);
}

LogprobOutput AtenLogprobs(const ModelConfig& config, const AtenWeights& weights,
                           const PackedTokens& packed, const LogprobRows& rows,
                           float inv_temperature) {
  Require(rows.distributions == nullptr,
          "transformer: ATen has the softmax of all logits only; expected rollouts without top_k, "
          "top_p, min_p and repetition_penalty (they need run.device = \"cpu\")");
  const torch::Device device = weights.embed_tokens.device();
  const auto indices = [&](const auto& values) { return at::tensor(values).to(device, at::kLong); };
  const Padding padding = MakePadding(packed.offsets_S1, device);
  const Tensor hidden_MD =
      AtenHidden(config, weights, indices(packed.tokens_N), indices(packed.positions_N),
                 [&](int64_t, const Tensor& q_MNH, const Tensor& k_MKH, const Tensor& v_MKH) {
                   return CausalAttention(q_MNH, k_MKH, v_MKH, padding);
                 });
  const Tensor hidden_RD = hidden_MD.index_select(0, indices(rows.hidden_rows_R));
  const Tensor logits_RV = AtenLogits(config, weights, hidden_RD) * inv_temperature;
  const Tensor all_logprobs_RV = at::log_softmax(logits_RV, -1);
  const Tensor targets_R1 = indices(rows.targets_R).unsqueeze(1);
  const Tensor fixed_RV = all_logprobs_RV.detach();
  return {all_logprobs_RV.gather(1, targets_R1).squeeze(1), -(fixed_RV.exp() * fixed_RV).sum(-1)};
}

}  // namespace r1zero
