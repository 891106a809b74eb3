// One sequence through a Llama or a Qwen in float64, written from the formulas, one matrix product a line:
// the oracle for whatever else computes this model. Shares no code with policy/.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "policy/weights.h"
#include "tests/policy/naive_rope.h"

namespace r1zero {

using NamedTensors = std::map<std::string, at::Tensor>;

// The weights as float64 leaves that want gradients.
inline NamedTensors Float64Leaves(const Weights& weights) {
  NamedTensors leaves;
  for (const TensorSpec& spec : WeightManifest(weights.config))
    leaves[spec.name] =
        at::from_blob(const_cast<float*>(weights.flat.data()) + spec.offset, spec.shape, at::kFloat)
            .to(at::kDouble)
            .set_requires_grad(true);
  return leaves;
}

inline at::Tensor NaiveNorm(const at::Tensor& x, const at::Tensor& w, double eps) {
  return x / ((x * x).mean(-1, true) + eps).sqrt() * w;
}

inline at::Tensor NaiveRotate(const at::Tensor& x_TNH, const ModelConfig& c) {
  const int64_t T = x_TNH.size(0), half = x_TNH.size(2) / 2;
  const auto a = x_TNH.slice(2, 0, half), b = x_TNH.slice(2, half);
  auto angle_T1h = at::empty({T, 1, half}, at::kDouble);
  for (int64_t t = 0; t < T; ++t)
    for (int64_t i = 0; i < half; ++i) angle_T1h[t][0][i] = t * NaiveRopeFrequency(c, i);
  const auto cos = angle_T1h.cos(), sin = angle_T1h.sin();
  return at::cat({a * cos - b * sin, b * cos + a * sin}, 2);
}

inline at::Tensor NaiveAttention(const at::Tensor& h_TD, const NamedTensors& w,
                                 const std::string& layer, const ModelConfig& c) {
  const int64_t T = h_TD.size(0), H = c.head_width;
  const auto heads = [&](const std::string& name) {
    const auto y = h_TD.matmul(w.at(layer + "self_attn." + name + "_proj.weight").t());
    const auto bias = w.find(layer + "self_attn." + name + "_proj.bias");
    return (bias == w.end() ? y : y + bias->second).view({T, -1, H});
  };
  const auto rotated = [&](const std::string& name) {
    const auto norm = w.find(layer + "self_attn." + name + "_norm.weight");
    const auto x = heads(name);
    return NaiveRotate(norm == w.end() ? x : NaiveNorm(x, norm->second, c.rms_eps), c);
  };
  const auto q_TNH = rotated("q"), k_TKH = rotated("k"), v_TKH = heads("v");
  const auto future_TT = at::ones({T, T}, at::kBool).triu(1);
  std::vector<at::Tensor> out;
  for (int64_t n = 0; n < c.num_heads; ++n) {
    const int64_t kv = n / (c.num_heads / c.num_kv_heads);
    const auto scores_TT = q_TNH.select(1, n).matmul(k_TKH.select(1, kv).t()) / std::sqrt(H);
    const auto masked_TT =
        scores_TT.masked_fill(future_TT, -std::numeric_limits<double>::infinity());
    out.push_back(masked_TT.softmax(-1).matmul(v_TKH.select(1, kv)));
  }
  return at::cat(out, 1).matmul(w.at(layer + "self_attn.o_proj.weight").t());
}

// Logits after each token, [T, V].
inline at::Tensor NaiveLogits(const ModelConfig& c, const NamedTensors& w,
                              const std::vector<int32_t>& tokens) {
  const auto ids_T = at::tensor(std::vector<int64_t>(tokens.begin(), tokens.end()));
  auto x_TD = w.at("model.embed_tokens.weight").index_select(0, ids_T);
  for (int64_t i = 0; i < c.num_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    const auto norm = [&](const char* name) {
      return NaiveNorm(x_TD, w.at(layer + name + ".weight"), c.rms_eps);
    };
    x_TD = x_TD + NaiveAttention(norm("input_layernorm"), w, layer, c);
    const auto m_TD = norm("post_attention_layernorm");
    const auto gate_TF = m_TD.matmul(w.at(layer + "mlp.gate_proj.weight").t());
    const auto up_TF = m_TD.matmul(w.at(layer + "mlp.up_proj.weight").t());
    const auto gated_TF = gate_TF * gate_TF.sigmoid() * up_TF;
    x_TD = x_TD + gated_TF.matmul(w.at(layer + "mlp.down_proj.weight").t());
  }
  const auto hidden_TD = NaiveNorm(x_TD, w.at("model.norm.weight"), c.rms_eps);
  const auto head = c.tie_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
  return hidden_TD.matmul(w.at(head).t());
}

}  // namespace r1zero
