#include <algorithm>

#include "common/error.h"
#include "kernels/embedding.h"
#include "kernels/head.h"
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

constexpr int64_t kWeightRows = 48;  // of a weight's gradient in one task
constexpr int64_t kNormColumns = 64;

void AddTo(float* y, const float* x, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] += x[i];
}

}  // namespace

void TrainingPass::Backward(Activations& a, const float* dlogprobs_R) {
  const int64_t M = a.num_tokens(), R = a.num_rows(), D = config_.hidden_size;
  const int64_t F = config_.intermediate_size, L = config_.num_layers;
  Require(a.kept, "training pass: a backward of a forward that was not kept");
  Gradients& g = *gradients_;
  for (auto* buffer :
       {&g.dx_MD, &g.dmid_MD, &g.dnormed_MD, &g.mid_dnormed_MD, &g.normed_MD, &g.mid_normed_MD})
    Scratch(*buffer, M * D);
  Scratch(g.activated_MF, M * F);
  Scratch(g.dgate_up_M2F, M * 2 * F);
  Scratch(g.dattended_MQ, M * weights_.layers[0].o.K);
  for (auto& dqkv_MW : g.dqkv_MW) Scratch(dqkv_MW, M * weights_.layers[0].qkv.N);

  Jobs jobs;
  kernels::HeadBackward(dlogprobs_R, a.hidden_RD.data(), weights_.head.forward,
                        weights_.head.input_gradient, a.rows.targets_R.data(), a.inv_temperature,
                        a.logsumexp_R.data(), Scratch(g.dhidden_RD, R * D), weights_.head.dw_NK, R,
                        pool_, a.distributions());
  AddNormJobs(g.dhidden_RD.data(), a.last_x_RD.data(), a.last_inv_rms_R.data(), weights_.norm, R,
              jobs);
  ForTiles(M, [&](Rows r) {
    LastNormGradient(a, r);
    MlpGradient(a, L - 1, r);
  });
  for (int64_t layer = L - 1; layer >= 0; --layer) {
    AddAttentionJobs(a, layer, jobs);
    AddMlpJobs(a, layer, jobs);
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

// dx of the last layer's output: zero but for the rows whose log-probabilities were wanted.
void TrainingPass::LastNormGradient(Activations& a, Rows r) {
  const int64_t D = config_.hidden_size;
  Gradients& g = *gradients_;
  std::fill_n(g.dx_MD.data() + r.begin * D, r.count * D, 0.0f);
  const std::vector<int64_t>& rows_R = a.rows.hidden_rows_R;
  auto row = std::lower_bound(rows_R.begin(), rows_R.end(), r.begin);
  for (; row != rows_R.end() && *row < r.begin + r.count; ++row) {
    const int64_t at = row - rows_R.begin();
    kernels::RmsNormBackward(g.dhidden_RD.data() + at * D, a.last_x_RD.data() + at * D,
                             weights_.norm.w_D, a.last_inv_rms_R.data() + at,
                             g.dx_MD.data() + *row * D, 1, D, InlinePool());
  }
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
  kernels::SwiGluBackward(dactivated_MF, gate_up_M2F, dgate_up_M2F, M, F, InlinePool());
  kernels::MatMul(dgate_up_M2F, 2 * F, w.gate_up.input_gradient, mid_dnormed_MD, D, M,
                  InlinePool());
  kernels::RmsNormBackward(mid_dnormed_MD, mid_MD, w.post_attention_norm.w_D, mid_inv_rms_M,
                           dmid_MD, M, D, InlinePool());
  AddTo(dmid_MD, dx_MD, M * D);
  kernels::MatMul(dmid_MD, D, w.o.input_gradient, g.dattended_MQ.data() + r.begin * Q, Q, M,
                  InlinePool());
  // What the weights' gradients need and the forward has not kept.
  kernels::SwiGlu(gate_up_M2F, g.activated_MF.data() + r.begin * F, M, F, InlinePool());
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
  const int64_t K = shape_.kv_heads;
  jobs.Add(a.num_sequences() * K,
           [=](int64_t i) { kernels::AttentionBackward(args, i / K, static_cast<int>(i % K)); });
}

void TrainingPass::AddMlpJobs(Activations& a, int64_t layer, Jobs& jobs) {
  const Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  Gradients& g = *gradients_;
  const int64_t M = a.num_tokens();
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
  const int64_t M = a.num_tokens();
  AddLinearJobs(g.dqkv_MW[layer % 2].data(), g.normed_MD.data(), w.qkv, M, jobs);
  AddNormJobs(g.dnormed_MD.data(), s.x_MD.data(), s.inv_rms_M.data(), w.input_norm, M, jobs);
}

void TrainingPass::AddLinearJobs(const float* dy_MN, const float* x_MK, const LinearWeight& weight,
                                 int64_t M, Jobs& jobs) {
  const int64_t N = weight.N, K = weight.K;
  float* dw_NK = weight.dw_NK;
  jobs.Add((N + kWeightRows - 1) / kWeightRows, [=](int64_t i) {
    const int64_t n = i * kWeightRows;
    kernels::AccumulateWeightGradient(dy_MN + n, N, x_MK, K, dw_NK + n * K, M,
                                      std::min(kWeightRows, N - n), K, InlinePool());
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
