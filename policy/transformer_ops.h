// The training transformer's operations on CPU tensors: autograd functions over kernels/.
//
// Forward bits are the sampler's. A weight's gradient is accumulated by the kernel, in token order,
// into the place that the weight names; autograd carries the gradients of activations only.
//
// Shapes: M tokens, D hidden, N x K a weight, V vocabulary, R rows of log-probabilities.
#pragma once

#include <memory>
#include <vector>

#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "kernels/rope.h"
#include "policy/transformer.h"

namespace r1zero::ops {

struct NormWeight {
  const float* w_D = nullptr;
  float* dw_D = nullptr;
};

// A linear layer without bias. Pack() after every change of the weight.
struct LinearWeight {
  const float* w_NK = nullptr;
  float* dw_NK = nullptr;
  int64_t N = 0, K = 0;
  kernels::PackedMatrix forward, input_gradient;
  void Pack();
};

// One packed batch with the KV blocks that its sequences take: each its own, in order.
struct Batch {
  explicit Batch(const PackedTokens& packed);
  int64_t num_tokens() const { return static_cast<int64_t>(packed.tokens_N.size()); }
  int64_t num_sequences() const { return static_cast<int64_t>(packed.offsets_S1.size()) - 1; }
  PackedTokens packed;
  std::vector<int32_t> block_table;
  std::vector<kernels::AttentionRow> rows_M;  // point into block_table
};
using BatchPtr = std::shared_ptr<const Batch>;

// Rotary embedding and grouped-query attention of one layer.
struct AttentionOp {
  kernels::AttentionShape shape;
  const kernels::RopeTable* rope = nullptr;
};

torch::Tensor Embedding(const torch::Tensor& table_VD, float* dtable_VD, const BatchPtr& batch,
                        kernels::ThreadPool& pool);
torch::Tensor RmsNorm(const torch::Tensor& x_MD, const NormWeight& weight, float eps,
                      kernels::ThreadPool& pool);
torch::Tensor Linear(const torch::Tensor& x_MK, const LinearWeight& weight,
                     kernels::ThreadPool& pool);

// Takes the q, k, v columns of a Linear (and rotates q and k in place), gives the heads' outputs.
// `blocks` is working memory for the whole batch's keys and values, free again on return.
torch::Tensor Attention(const torch::Tensor& qkv_M, const AttentionOp& op, const BatchPtr& batch,
                        float* blocks, kernels::ThreadPool& pool);
torch::Tensor SwiGlu(const torch::Tensor& gate_up_M2F, kernels::ThreadPool& pool);

// x[rows], rows strictly ascending.
torch::Tensor SelectRows(const torch::Tensor& x_MD, const std::vector<int64_t>& rows_R);

LogprobOutput Head(const torch::Tensor& hidden_RD, const LinearWeight& weight,
                   const std::vector<int32_t>& targets_R, float inv_temperature,
                   kernels::ThreadPool& pool);

}  // namespace r1zero::ops
