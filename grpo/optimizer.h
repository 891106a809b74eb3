// AdamW with gradient clipping over a Transformer's flat buffers.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <span>
#include <vector>

#include "policy/transformer.h"

namespace r1zero {

struct AdamWConfig {
  double beta1 = 0.9, beta2 = 0.99, eps = 1e-8;
  double weight_decay = 0;   // of matrices; norms never decay
  double max_grad_norm = 0;  // 0: no clipping
};

// Not thread-safe. `pool` must outlive it.
class AdamWOptimizer {
 public:
  AdamWOptimizer(const ModelConfig& model, const AdamWConfig& config, torch::Device device,
                 kernels::ThreadPool& pool, Backend backend);
  AdamWOptimizer(const ModelConfig& model, const AdamWConfig& config, torch::Device device,
                 kernels::ThreadPool& pool)
      : AdamWOptimizer(model, config, device, pool, BackendFor(device)) {}

  // Completes the gradients that the policy has accumulated, clips them, updates the weights and
  // packs them anew. Returns the norm before clipping. Error if that is not finite: weights and
  // moments are untouched. Error if a new weight is not finite: the policy is lost. lr = 0 counts as
  // a step and leaves weights and moments as they are, bit for bit.
  double Step(Transformer& policy, double lr);

  int64_t steps() const { return steps_; }
  const torch::Tensor& m() const { return m_; }
  const torch::Tensor& v() const { return v_; }
  void Restore(int64_t steps, std::span<const float> m, std::span<const float> v);

 private:
  // Neighbouring tensors that decay alike, as one range of the flat buffer.
  struct Range {
    int64_t begin = 0, end = 0;
    bool decay = false;
  };
  double Norm(const torch::Tensor& flat) const;
  void UpdateWithKernels(Transformer& policy, double lr, double grad_scale);
  void UpdateWithAten(Transformer& policy, double lr, double grad_scale);

  AdamWConfig config_;
  kernels::ThreadPool& pool_;
  Backend backend_;
  std::vector<Range> ranges_;
  torch::Tensor m_, v_;
  int64_t steps_ = 0;
};

}  // namespace r1zero
