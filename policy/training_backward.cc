#include <algorithm>

#include "common/error.h"
#include "kernels/bias.h"
#include "kernels/embedding.h"
#include "kernels/head.h"
#include "kernels/range.h"
#include "kernels/rmsnorm.h"
#include "kernels/scratch.h"
#include "kernels/swiglu.h"
#include "policy/training_gradients.h"
#include "policy/training_pass.h"

namespace r1zero {
namespace {

using kernels::AlignedVector;
using kernels::InlinePool;
using kernels::Scratch;

constexpr int64_t kLeastWeightRows = 48;  // of a weight's gradient in one task
constexpr int64_t kNormColumns = 64, kBiasColumns = 256;

void AddTo(float* y, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

}  // namespace

void TrainingPass::Backward(Activations& a, const float* dlogprobs_R) {
  const int64_t M = a.num_gradient_tokens(), R = a.num_rows(), D = config_.hidden_size;
  const int64_t F = config_.intermediate_size, L = config_.num_layers;
  Require(a.kept, "training pass: a backward of a forward that was not kept");
  Gradients& g = *gradients_;
  for (auto* buffer :
       {&g.dx_MD, &g.dmid_MD, &g.dnormed_MD, &g.mid_dnormed_MD, &g.normed_MD, &g.mid_normed_MD})
    Grow(*buffer, M * D);
  Grow(g.activated_MF, M * F);
  Grow(g.dgate_up_M2F, M * 2 * F);
  Grow(g.dattended_MQ, M * weights_.layers[0].o.K);
  for (auto& dqkv_MW : g.dqkv_MW) Grow(dqkv_MW, M * weights_.layers[0].qkv.N);
  if (config_.has_qk_norm()) Grow(g.dnormed_qk_MP, M * QkWidth(shape_));

  Jobs jobs;
  kernels::HeadBackward(dlogprobs_R, a.hidden_RD.data(), weights_.head.forward,
                        weights_.head.input_gradient, a.rows.targets_R.data(), a.inv_temperature,
                        a.logsumexp_R.data(), Grow(g.dhidden_RD, R * D), weights_.head.dw_NK, R,
                        pool_, a.distributions());
  AddNormJobs(g.dhidden_RD.data(), a.last_x_RD.data(), a.last_inv_rms_R.data(), weights_.norm, R,
              jobs);
  PrepareCarried(a);
  ForTiles(M, [&](Rows r) {
    LastNormGradient(a, r);
    MlpGradient(a, L - 1, r);
  });
  for (int64_t layer = L - 1; layer >= 0; --layer) {
    AddMlpJobs(a, layer, jobs);
    AddAttentionJobs(a, layer, jobs);
    jobs.Run(pool_);
    ForTiles(M, [&](Rows r) {
      QkvGradient(a, layer, r);
      if (layer > 0) MlpGradient(a, layer - 1, r);
    });
    AddQkvJobs(a, layer, jobs);
  }
  jobs.Run(pool_);
  kernels::EmbeddingBackward(a.packed.tokens_N.data(), g.dx_MD.data(), weights_.embedding_grads_VD,
                             M, D, pool_);
}

// The carried sums of the pass before become those to take up; where the prefix goes on, this pass
// leaves its own, beginning with what its rows add at the top.
void TrainingPass::PrepareCarried(const Activations& a) {
  const PackedTokens& packed = a.packed;
  std::swap(taken_, left_);
  Require(
      (taken_->tokens > 0) == packed.continues_before &&
          (taken_->tokens == 0 || taken_->tokens == packed.length(packed.groups.front().prefix)),
      "training pass: a prefix of ", taken_->tokens,
      " tokens was left by the pass before; expected the passes of one group in order");
  left_->tokens = 0;
  if (!packed.continues_behind) return;
  left_->tokens = packed.length(packed.groups.back().prefix);
  left_->dx_D.assign(config_.hidden_size, 0.0f);
  if (packed.continues_before && packed.groups.size() == 1) left_->dx_D = taken_->dx_D;
  left_->dkv_L_P2KH.resize(config_.num_layers);
  for (auto& dkv_P2KH : left_->dkv_L_P2KH)
    Scratch(dkv_P2KH, left_->tokens * 2 * shape_.kv_heads * shape_.head_width);
  const auto first = std::ranges::lower_bound(a.rows_by_token_R, a.num_gradient_tokens(), {},
                                              [&](int64_t r) { return a.rows.hidden_rows_R[r]; });
  for (auto r = first; r != a.rows_by_token_R.end(); ++r)
    AddLastNormGradient(a, *r, left_->dx_D.data());
}

void TrainingPass::ForgetCarried() { taken_->tokens = left_->tokens = 0; }

// dx of the last layer's output: zero but for the tokens whose log-probabilities were wanted.
void TrainingPass::LastNormGradient(Activations& a, Rows r) {
  const int64_t D = config_.hidden_size, end = r.begin + r.count;
  float* dx_MD = gradients_->dx_MD.data();
  std::fill_n(dx_MD + r.begin * D, r.count * D, 0.0f);
  const int64_t carried_to = a.packed.offsets_S1[a.packed.groups.front().prefix + 1] - 1;
  if (taken_->tokens > 0 && r.begin <= carried_to && carried_to < end)
    std::copy_n(taken_->dx_D.data(), D, dx_MD + carried_to * D);
  const auto token = [&](int64_t row) { return a.rows.hidden_rows_R[row]; };
  auto row = std::ranges::lower_bound(a.rows_by_token_R, r.begin, {}, token);
  for (; row != a.rows_by_token_R.end() && token(*row) < end; ++row)
    AddLastNormGradient(a, *row, dx_MD + token(*row) * D);
}

void TrainingPass::AddLastNormGradient(const Activations& a, int64_t row, float* dx_D) {
  thread_local AlignedVector<float> buffer;
  const int64_t D = config_.hidden_size;
  float* added_D = Scratch(buffer, D);
  kernels::RmsNormBackward(gradients_->dhidden_RD.data() + row * D, a.last_x_RD.data() + row * D,
                           weights_.norm.w_D, a.last_inv_rms_R.data() + row, added_D, 1, D,
                           InlinePool());
  AddTo(dx_D, added_D, D);
}

// From the gradient of the layer's output to that of what attention gave.
void TrainingPass::MlpGradient(Activations& a, int64_t layer, Rows r) {
  thread_local AlignedVector<float> buffer;
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  Gradients& g = *gradients_;
  const int64_t D = config_.hidden_size, F = config_.intermediate_size, Q = w.o.K, M = r.count;
  const float* gate_up_M2F = s.gate_up_M2F.data() + r.begin * 2 * F;
  const float* mid_MD = s.mid_MD.data() + r.begin * D;
  const float* mid_inv_rms_M = s.mid_inv_rms_M.data() + r.begin;
  const float* dx_MD = g.dx_MD.data() + r.begin * D;
  float* dgate_up_M2F = g.dgate_up_M2F.data() + r.begin * 2 * F;
  float* mid_dnormed_MD = g.mid_dnormed_MD.data() + r.begin * D;
  float* dmid_MD = g.dmid_MD.data() + r.begin * D;
  float* dactivated_MF = Scratch(buffer, M * F);

  kernels::MatMul(dx_MD, D, w.down.input_gradient, dactivated_MF, F, M, InlinePool());
  kernels::SwiGluBackward(dactivated_MF, gate_up_M2F, dgate_up_M2F, M, F, InlinePool(),
                          g.activated_MF.data() + r.begin * F);
  kernels::MatMul(dgate_up_M2F, 2 * F, w.gate_up.input_gradient, mid_dnormed_MD, D, M,
                  InlinePool());
  kernels::RmsNormBackward(mid_dnormed_MD, mid_MD, w.post_attention_norm.w_D, mid_inv_rms_M,
                           dmid_MD, M, D, InlinePool());
  AddTo(dmid_MD, dx_MD, M * D);
  kernels::MatMul(dmid_MD, D, w.o.input_gradient, g.dattended_MQ.data() + r.begin * Q, Q, M,
                  InlinePool());
  // The weights' gradients need it, and the forward has not kept it.
  Norm(mid_MD, w.post_attention_norm, g.mid_normed_MD.data() + r.begin * D, nullptr, M);
}

// From the gradients of queries, keys and values to that of the layer's input.
void TrainingPass::QkvGradient(Activations& a, int64_t layer, Rows r) {
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  Gradients& g = *gradients_;
  const int64_t D = config_.hidden_size, W = w.qkv.N, M = r.count;
  float* dqkv_MW = g.dqkv_MW[layer % 2].data() + r.begin * W;
  float* dnormed_MD = g.dnormed_MD.data() + r.begin * D;
  float* dx_MD = g.dx_MD.data() + r.begin * D;
  const float* x_MD = s.x_MD.data() + r.begin * D;

  kernels::Rope(dqkv_MW, W, shape_.heads + shape_.kv_heads, a.packed.positions_N.data() + r.begin,
                M, rope_, kernels::RopeDirection::kBackward, InlinePool());
  if (w.qkv_extras.has_norm()) {
    const int64_t P = QkWidth(shape_);
    HeadNormBackward(w.qkv_extras, shape_, s.raw_qk_MP.data() + r.begin * P,
                     s.head_inv_rms_MN.data() + r.begin * num_qk_heads(), dqkv_MW,
                     g.dnormed_qk_MP.data() + r.begin * P, M);
  }
  kernels::MatMul(dqkv_MW, W, w.qkv.input_gradient, dnormed_MD, D, M, InlinePool());
  kernels::RmsNormBackward(dnormed_MD, x_MD, w.input_norm.w_D, s.inv_rms_M.data() + r.begin, dx_MD,
                           M, D, InlinePool());
  AddTo(dx_MD, g.dmid_MD.data() + r.begin * D, M * D);
  Norm(x_MD, w.input_norm, g.normed_MD.data() + r.begin * D, nullptr, M);
}

void TrainingPass::AddAttentionJobs(Activations& a, int64_t layer, Jobs& jobs) {
  const Activations::Layer& s = a.at(layer);
  Gradients& g = *gradients_;
  const int64_t W = weights_.layers[layer].qkv.N;
  const int64_t k_column = int64_t{shape_.heads} * shape_.head_width;
  const int64_t v_column = k_column + int64_t{shape_.kv_heads} * shape_.head_width;
  const float* q = s.qkv_MW.data();
  float* dq = g.dqkv_MW[layer % 2].data();
  const kernels::AttentionGradientArgs args{.q_M = q,
                                            .k_M = q + k_column,
                                            .v_M = q + v_column,
                                            .ld = W,
                                            .out_MNH = s.attended_MQ.data(),
                                            .logsumexp_MN = s.logsumexp_MN.data(),
                                            .dout_MNH = g.dattended_MQ.data(),
                                            .offsets_S1 = a.packed.offsets_S1.data(),
                                            .shape = shape_,
                                            .dq_M = dq,
                                            .dk_M = dq + k_column,
                                            .dv_M = dq + v_column,
                                            .ldd = W};
  std::vector<kernels::AttentionPrefixGroup> groups;
  for (const PrefixGroup& group : a.packed.groups) groups.push_back({group.first, group.prefix});
  if (taken_->tokens > 0) groups.front().taken = taken_->dkv_L_P2KH[layer].data();
  if (left_->tokens > 0) groups.back().left = left_->dkv_L_P2KH[layer].data();
  const int64_t K = shape_.kv_heads;
  jobs.Add(static_cast<int64_t>(groups.size()) * K, [args, groups, K](int64_t i) {
    kernels::AttentionBackward(args, groups[i / K], static_cast<int>(i % K));
  });
}

void TrainingPass::AddMlpJobs(Activations& a, int64_t layer, Jobs& jobs) {
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  Gradients& g = *gradients_;
  const int64_t M = a.num_gradient_tokens();
  AddLinearJobs(g.dgate_up_M2F.data(), g.mid_normed_MD.data(), w.gate_up, M, jobs);
  AddLinearJobs(g.dx_MD.data(), g.activated_MF.data(), w.down, M, jobs);
  AddLinearJobs(g.dmid_MD.data(), s.attended_MQ.data(), w.o, M, jobs);
  AddNormJobs(g.mid_dnormed_MD.data(), s.mid_MD.data(), s.mid_inv_rms_M.data(),
              w.post_attention_norm, M, jobs);
}

void TrainingPass::AddQkvJobs(Activations& a, int64_t layer, Jobs& jobs) {
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  Gradients& g = *gradients_;
  const int64_t M = a.num_gradient_tokens();
  AddLinearJobs(g.dqkv_MW[layer % 2].data(), g.normed_MD.data(), w.qkv, M, jobs);
  AddNormJobs(g.dnormed_MD.data(), s.x_MD.data(), s.inv_rms_M.data(), w.input_norm, M, jobs);
  AddQkvExtrasJobs(a, layer, M, jobs);
}

void TrainingPass::AddQkvExtrasJobs(Activations& a, int64_t layer, int64_t M, Jobs& jobs) {
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  const int64_t W = w.qkv.N;
  const float* dqkv_MW = gradients_->dqkv_MW[layer % 2].data();
  if (float* dbias_W = w.dqkv_bias_W) {
    jobs.Add((W + kBiasColumns - 1) / kBiasColumns, [=](int64_t i) {
      const int64_t n = i * kBiasColumns;
      kernels::AccumulateBiasGradient(dqkv_MW + n, W, dbias_W + n, M,
                                      std::min(kBiasColumns, W - n));
    });
  }
  if (!w.qkv_extras.has_norm()) return;
  jobs.Add(1, [&s, &w, dnormed_MP = gradients_->dnormed_qk_MP.data(), M, this](int64_t) {
    AccumulateHeadNormGradient(shape_, dnormed_MP, s.raw_qk_MP.data(), s.head_inv_rms_MN.data(),
                               w.dq_norm_H, w.dk_norm_H, M);
  });
}

void TrainingPass::AddLinearJobs(const float* dy_MN, const float* x_MK, const LinearWeight& weight,
                                 int64_t M, Jobs& jobs) {
  const int64_t N = weight.N, K = weight.K;
  float* dw_NK = weight.dw_NK;
  // As few as there are threads: each packs x anew. Attention's many small tasks come last.
  const int64_t rows = std::max(kLeastWeightRows, kernels::CeilDiv(N, pool_.threads()));
  jobs.Add((N + rows - 1) / rows, [=](int64_t i) {
    const int64_t n = i * rows;
    kernels::AccumulateWeightGradient(dy_MN + n, N, x_MK, K, dw_NK + n * K, M,
                                      std::min(rows, N - n), K, InlinePool());
  });
}

void TrainingPass::AddNormJobs(const float* dy_MD, const float* x_MD, const float* inv_rms_M,
                               const NormWeight& weight, int64_t M, Jobs& jobs) {
  const int64_t D = config_.hidden_size;
  float* dw_D = weight.dw_D;
  jobs.Add((D + kNormColumns - 1) / kNormColumns, [=](int64_t i) {
    const int64_t d = i * kNormColumns;
    kernels::RmsNormWeightGradient(dy_MD + d, x_MD + d, D, inv_rms_M, dw_D + d, M,
                                   std::min(kNormColumns, D - d));
  });
}

}  // namespace r1zero
