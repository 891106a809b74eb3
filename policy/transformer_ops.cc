#include "policy/transformer_ops.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "kernels/embedding.h"
#include "kernels/head.h"
#include "kernels/rmsnorm.h"
#include "kernels/swiglu.h"

namespace r1zero::ops {
namespace {

using kernels::ThreadPool;
using torch::Tensor;
using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Gradient = std::function<Tensor(const Tensor& dy)>;

// What an operation's forward hands to autograd: its output, and how a gradient of that becomes a
// gradient of the input.
struct OpResult {
  Tensor y;
  Gradient gradient;
};

struct SavedGradient : torch::CustomClassHolder {
  explicit SavedGradient(Gradient g) : gradient(std::move(g)) {}
  Gradient gradient;
};

struct KernelFunction : torch::autograd::Function<KernelFunction> {
  static Tensor forward(AutogradContext* ctx, const Tensor&, OpResult result) {
    ctx->saved_data["gradient"] =
        c10::IValue::make_capsule(c10::make_intrusive<SavedGradient>(std::move(result.gradient)));
    return result.y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list dy) {
    const auto capsule = ctx->saved_data["gradient"].toCapsule();
    auto& saved = static_cast<SavedGradient&>(*capsule);
    // Runs once; what it holds of the forward is freed on return.
    const Gradient gradient = std::exchange(saved.gradient, nullptr);
    return {gradient(dy[0].contiguous()), Tensor()};
  }
};

// Gives y a place in the graph after x. The gradient may hold x, and y only as y.detach(): y itself
// would hold the graph that holds it.
Tensor WithGradient(const Tensor& x, Tensor y, Gradient gradient) {
  return KernelFunction::apply(x, OpResult{std::move(y), std::move(gradient)});
}

Tensor NewMatrix(int64_t rows, int64_t columns) { return at::empty({rows, columns}, at::kFloat); }

float* Data(const Tensor& x) { return x.mutable_data_ptr<float>(); }
const float* ConstData(const Tensor& x) { return x.const_data_ptr<float>(); }

}  // namespace

void LinearWeight::Pack() {
  kernels::PackForward(w_NK, N, K, forward);
  kernels::PackInputGradient(w_NK, N, K, input_gradient);
}

Batch::Batch(const PackedTokens& tokens) : packed(tokens) {
  std::vector<int64_t> first_block_S;
  int64_t num_blocks = 0;
  for (int64_t s = 0; s < num_sequences(); ++s) {
    const int64_t length = packed.offsets_S1[s + 1] - packed.offsets_S1[s];
    first_block_S.push_back(num_blocks);
    num_blocks += (length + kernels::kKvBlockTokens - 1) / kernels::kKvBlockTokens;
  }
  block_table.resize(num_blocks);
  std::iota(block_table.begin(), block_table.end(), 0);
  rows_M.reserve(packed.tokens_N.size());
  for (int64_t s = 0; s < num_sequences(); ++s)
    for (int64_t m = packed.offsets_S1[s]; m < packed.offsets_S1[s + 1]; ++m)
      rows_M.push_back({block_table.data() + first_block_S[s], packed.positions_N[m] + 1});
}

Tensor Embedding(const Tensor& table_VD, float* dtable_VD, const BatchPtr& batch,
                 ThreadPool& pool) {
  const int64_t M = batch->num_tokens(), D = table_VD.size(1);
  const Tensor y_MD = NewMatrix(M, D);
  kernels::Embedding(batch->packed.tokens_N.data(), ConstData(table_VD), Data(y_MD), M, D, pool);
  return WithGradient(table_VD, y_MD, [=, &pool](const Tensor& dy_MD) {
    kernels::EmbeddingBackward(batch->packed.tokens_N.data(), ConstData(dy_MD), dtable_VD, M, D,
                               pool);
    return Tensor();  // the table's gradient is where it belongs already
  });
}

Tensor RmsNorm(const Tensor& x_MD, const NormWeight& weight, float eps, ThreadPool& pool) {
  const int64_t M = x_MD.size(0), D = x_MD.size(1);
  const Tensor y_MD = NewMatrix(M, D), inv_rms_M = NewMatrix(M, 1);
  kernels::RmsNorm(ConstData(x_MD), weight.w_D, eps, Data(y_MD), Data(inv_rms_M), M, D, pool);
  return WithGradient(x_MD, y_MD, [=, &weight, &pool](const Tensor& dy_MD) {
    const Tensor dx_MD = NewMatrix(M, D);
    kernels::RmsNormBackward(ConstData(dy_MD), ConstData(x_MD), weight.w_D, ConstData(inv_rms_M),
                             Data(dx_MD), weight.dw_D, M, D, pool);
    return dx_MD;
  });
}

Tensor Linear(const Tensor& x_MK, const LinearWeight& weight, ThreadPool& pool) {
  const int64_t M = x_MK.size(0), N = weight.N, K = weight.K;
  const Tensor y_MN = NewMatrix(M, N);
  kernels::MatMul(ConstData(x_MK), K, weight.forward, Data(y_MN), N, M, pool);
  return WithGradient(x_MK, y_MN, [=, &weight, &pool](const Tensor& dy_MN) {
    kernels::AccumulateWeightGradient(ConstData(dy_MN), N, ConstData(x_MK), K, weight.dw_NK, M, N,
                                      K, pool);
    const Tensor dx_MK = NewMatrix(M, K);
    kernels::MatMul(ConstData(dy_MN), N, weight.input_gradient, Data(dx_MK), K, M, pool);
    return dx_MK;
  });
}

Tensor Attention(const Tensor& qkv_M, const AttentionOp& op, const BatchPtr& batch, float* blocks,
                 ThreadPool& pool) {
  const kernels::AttentionShape shape = op.shape;
  const int64_t M = qkv_M.size(0), ld = qkv_M.size(1);
  const int64_t k_column = int64_t{shape.heads} * shape.head_width;
  const int64_t v_column = k_column + int64_t{shape.kv_heads} * shape.head_width;
  const int rotated_heads = shape.heads + shape.kv_heads;  // neighbours: q's heads, then k's
  const auto* rope = op.rope;

  float* qkv = Data(qkv_M);
  kernels::Rope(qkv, ld, rotated_heads, batch->packed.positions_N.data(), M, *rope,
                kernels::RopeDirection::kForward, pool);
  kernels::StoreKv(qkv + k_column, qkv + v_column, ld, batch->rows_M.data(), M, shape, blocks,
                   pool);
  const Tensor out_M = NewMatrix(M, k_column), logsumexp_MN = NewMatrix(M, shape.heads);
  kernels::Attention(qkv, ld, batch->rows_M.data(), M, shape, blocks, Data(out_M),
                     Data(logsumexp_MN), pool);

  const Tensor saved_out_M = out_M.detach();
  return WithGradient(qkv_M, out_M, [=, &pool](const Tensor& dout_M) {
    const Tensor dqkv_M = NewMatrix(M, ld);
    const float* q = ConstData(qkv_M);
    float* dq = Data(dqkv_M);
    kernels::AttentionBackward(q, q + k_column, q + v_column, ld, ConstData(saved_out_M),
                               ConstData(logsumexp_MN), ConstData(dout_M),
                               batch->packed.offsets_S1.data(), batch->num_sequences(), shape, dq,
                               dq + k_column, dq + v_column, ld, pool);
    kernels::Rope(dq, ld, rotated_heads, batch->packed.positions_N.data(), M, *rope,
                  kernels::RopeDirection::kBackward, pool);
    return dqkv_M;
  });
}

Tensor SwiGlu(const Tensor& gate_up_M2F, ThreadPool& pool) {
  const int64_t M = gate_up_M2F.size(0), F = gate_up_M2F.size(1) / 2;
  const Tensor y_MF = NewMatrix(M, F);
  kernels::SwiGlu(ConstData(gate_up_M2F), Data(y_MF), M, F, pool);
  return WithGradient(gate_up_M2F, y_MF, [=, &pool](const Tensor& dy_MF) {
    const Tensor dgate_up_M2F = NewMatrix(M, 2 * F);
    kernels::SwiGluBackward(ConstData(dy_MF), ConstData(gate_up_M2F), Data(dgate_up_M2F), M, F,
                            pool);
    return dgate_up_M2F;
  });
}

Tensor SelectRows(const Tensor& x_MD, const std::vector<int64_t>& rows_R) {
  const int64_t M = x_MD.size(0), D = x_MD.size(1), R = static_cast<int64_t>(rows_R.size());
  if (R == M) return x_MD;  // strictly ascending: all of them
  const Tensor y_RD = NewMatrix(R, D);
  for (int64_t r = 0; r < R; ++r)
    std::copy_n(ConstData(x_MD) + rows_R[r] * D, D, Data(y_RD) + r * D);
  return WithGradient(x_MD, y_RD, [=](const Tensor& dy_RD) {
    const Tensor dx_MD = at::zeros({M, D}, at::kFloat);
    for (int64_t r = 0; r < R; ++r)
      std::copy_n(ConstData(dy_RD) + r * D, D, Data(dx_MD) + rows_R[r] * D);
    return dx_MD;
  });
}

LogprobOutput Head(const Tensor& hidden_RD, const LinearWeight& weight,
                   const std::vector<int32_t>& targets_R, float inv_temperature, ThreadPool& pool) {
  const int64_t R = hidden_RD.size(0), D = hidden_RD.size(1);
  const Tensor logprobs_R = at::empty({R}, at::kFloat), entropy_R = at::empty({R}, at::kFloat);
  const Tensor logsumexp_R = at::empty({R}, at::kFloat);
  kernels::HeadForward(ConstData(hidden_RD), weight.forward, targets_R.data(), inv_temperature,
                       Data(logprobs_R), Data(logsumexp_R), Data(entropy_R), R, pool);
  const auto gradient = [=, &weight, &pool](const Tensor& dlogprobs_R) {
    const Tensor dhidden_RD = NewMatrix(R, D);
    kernels::HeadBackward(ConstData(dlogprobs_R), ConstData(hidden_RD), weight.forward,
                          weight.input_gradient, targets_R.data(), inv_temperature,
                          ConstData(logsumexp_R), Data(dhidden_RD), weight.dw_NK, R, pool);
    return dhidden_RD;
  };
  return {WithGradient(hidden_RD, logprobs_R, gradient), entropy_R};
}

}  // namespace r1zero::ops
