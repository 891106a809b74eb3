// The forward pass of Llama and Qwen in double, written from its definition: one token after another, no cache,
// no packing, nothing of kernels/.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "policy/weights.h"
#include "tests/policy/naive_rope.h"

namespace r1zero {

class NaiveModel {
 public:
  using Vector = std::vector<double>;

  explicit NaiveModel(const Weights& weights) : weights_(weights), c_(weights.config) {}

  // The logits after each token of the sequence.
  std::vector<Vector> Logits(const std::vector<int32_t>& tokens) const {
    std::vector<Vector> x;
    for (const int32_t token : tokens) x.push_back(Row("model.embed_tokens.weight", token));
    for (int64_t layer = 0; layer < c_.num_layers; ++layer) {
      const std::string prefix = "model.layers." + std::to_string(layer) + ".";
      Attend(prefix, x);
      for (Vector& x_D : x)
        Add(x_D, Mlp(prefix, Norm(x_D, prefix + "post_attention_layernorm.weight")));
    }
    const char* head = c_.tie_embeddings ? "model.embed_tokens.weight" : "lm_head.weight";
    for (Vector& x_D : x) x_D = Linear(head, Norm(x_D, "model.norm.weight"));
    return x;
  }

 private:
  Vector Row(const std::string& name, int64_t row) const {
    const auto tensor = WeightTensor(weights_, name).subspan(row * c_.hidden_size, c_.hidden_size);
    return Vector(tensor.begin(), tensor.end());
  }

  Vector Linear(const std::string& name, const Vector& x) const {
    const auto w = WeightTensor(weights_, name);
    Vector y(w.size() / x.size());
    for (size_t n = 0; n < y.size(); ++n)
      for (size_t k = 0; k < x.size(); ++k) y[n] += w[n * x.size() + k] * x[k];
    return y;
  }

  Vector Norm(const Vector& x, const std::string& name) const {
    const auto weight = WeightTensor(weights_, name);
    double squares = 0;
    for (const double v : x) squares += v * v;
    Vector y(x.size());
    for (size_t i = 0; i < x.size(); ++i)
      y[i] = x[i] / std::sqrt(squares / x.size() + c_.rms_eps) * weight[i];
    return y;
  }

  static void Add(Vector& x, const Vector& y) {
    for (size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  // Turns each head's pairs (i, i + H / 2).
  Vector Rotated(const Vector& x, int64_t position) const {
    const int64_t H = c_.head_width, half = H / 2;
    Vector y(x.size());
    for (size_t head = 0; head < x.size() / H; ++head)
      for (int64_t i = 0; i < half; ++i) {
        const double angle = position * NaiveRopeFrequency(c_, i);
        const double a = x[head * H + i], b = x[head * H + i + half];
        y[head * H + i] = a * std::cos(angle) - b * std::sin(angle);
        y[head * H + i + half] = b * std::cos(angle) + a * std::sin(angle);
      }
    return y;
  }

  void Attend(const std::string& prefix, std::vector<Vector>& x) const {
    std::vector<Vector> keys, values;
    for (size_t t = 0; t < x.size(); ++t) {
      const Vector n = Norm(x[t], prefix + "input_layernorm.weight");
      const Vector q = Rotated(Heads(prefix + "self_attn.q", n), t);
      keys.push_back(Rotated(Heads(prefix + "self_attn.k", n), t));
      values.push_back(Heads(prefix + "self_attn.v", n));
      Add(x[t], Linear(prefix + "self_attn.o_proj.weight", Attended(q, keys, values)));
    }
  }

  // The product for q, k or v, with Qwen2's bias, or Qwen3's norm of each head.
  Vector Heads(const std::string& name, const Vector& n) const {
    Vector y = Linear(name + "_proj.weight", n);
    if (c_.family == ModelFamily::kQwen2) {
      const auto bias = WeightTensor(weights_, name + "_proj.bias");
      for (size_t i = 0; i < y.size(); ++i) y[i] += bias[i];
    }
    if (c_.family != ModelFamily::kQwen3 || name.ends_with(".v")) return y;
    Vector normed;
    for (auto head = y.begin(); head != y.end(); head += c_.head_width) {
      const Vector part = Norm(Vector(head, head + c_.head_width), name + "_norm.weight");
      normed.insert(normed.end(), part.begin(), part.end());
    }
    return normed;
  }

  Vector Attended(const Vector& q, const std::vector<Vector>& keys,
                  const std::vector<Vector>& values) const {
    const int64_t H = c_.head_width, queries_per_key = c_.num_heads / c_.num_kv_heads;
    Vector out(q.size());
    for (int64_t head = 0; head < c_.num_heads; ++head) {
      const int64_t kv = head / queries_per_key * H;
      Vector weights(keys.size());
      double sum = 0;
      for (size_t t = 0; t < keys.size(); ++t) {
        double score = 0;
        for (int64_t h = 0; h < H; ++h) score += q[head * H + h] * keys[t][kv + h];
        sum += weights[t] = std::exp(score / std::sqrt(double(H)));
      }
      for (size_t t = 0; t < keys.size(); ++t)
        for (int64_t h = 0; h < H; ++h) out[head * H + h] += weights[t] / sum * values[t][kv + h];
    }
    return out;
  }

  Vector Mlp(const std::string& prefix, const Vector& n) const {
    Vector gate = Linear(prefix + "mlp.gate_proj.weight", n);
    const Vector up = Linear(prefix + "mlp.up_proj.weight", n);
    for (size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    return Linear(prefix + "mlp.down_proj.weight", gate);
  }

  const Weights& weights_;
  const ModelConfig& c_;
};

}  // namespace r1zero
