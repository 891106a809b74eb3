// The policy for training: a torch::nn::Module of the Llama family (RMSNorm, rotary embedding,
// grouped-query attention, SwiGLU) over packed sequences, without padding.
//
// On CPU tensors the pass is one autograd function over policy/training_pass.h, with the bits that
// the sampler has (docs/numerics.md); on CUDA tensors ATen's ops. Weight gradients accumulate in
// token order into one flat buffer, so a step's gradient does not depend on its split into
// micro-batches.
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <memory>
#include <vector>

#include "kernels/bfloat16.h"
#include "kernels/thread_pool.h"
#include "policy/device.h"
#include "policy/packed_tokens.h"
#include "policy/weights.h"

namespace r1zero {

class TrainingPass;

struct LogprobOutput {
  torch::Tensor logprobs_R;  // carries the gradient if grad mode is on
  torch::Tensor entropy_R;   // never carries one
};

// kForward: log-probabilities only. There are no gradients then, and nothing is kept for them.
enum class PassUse { kTraining, kForward };

// Not thread-safe. `pool` serves the CPU kernels and must outlive the module.
class TransformerImpl : public torch::nn::Module {
 public:
  // Storage::kBfloat16 (policy/training_pass.h) is the CPU kernels' alone.
  TransformerImpl(const ModelConfig& config, torch::Device device, kernels::ThreadPool& pool,
                  Backend backend, PassUse use = PassUse::kTraining,
                  kernels::Storage storage = kernels::Storage::kFloat32);
  TransformerImpl(const ModelConfig& config, torch::Device device, kernels::ThreadPool& pool,
                  PassUse use = PassUse::kTraining,
                  kernels::Storage storage = kernels::Storage::kFloat32)
      : TransformerImpl(config, device, pool, BackendFor(device), use, storage) {}

  // Log-probabilities at temperature 1 / inv_temperature under the rows' distributions. Error if a
  // token, position or row lies outside the model or the batch, if a row's distribution leaves its
  // target out, or if ATen is asked for any but the plain softmax. What comes back must go before
  // the module does.
  LogprobOutput Logprobs(const PackedTokens& packed, const LogprobRows& rows,
                         float inv_temperature);

  // All parameters and all gradients, flat, in WeightManifest order. Parameters and their .grad()
  // are views into these. After changing the parameters through flat_params(), call
  // WeightsChanged().
  torch::Tensor flat_params() { return flat_params_; }
  torch::Tensor flat_grads() { return flat_grads_; }  // undefined for PassUse::kForward
  // Completes the gradients of a step (adds what tied tensors have accumulated apart, in a fixed
  // order) and must be called once, after the last backward of the step.
  void FinishGradients();
  // Before a step; also forgets what a step that ended in an error has left half done.
  void ZeroGradients();
  void WeightsChanged();

  void Load(const Weights& weights);
  std::shared_ptr<Weights> Snapshot(int64_t version) const;
  const ModelConfig& config() const { return config_; }

 private:
  LogprobOutput KernelLogprobs(const PackedTokens& packed, const LogprobRows& rows,
                               float inv_temperature);
  void RegisterParameters();
  ModelConfig config_;
  torch::Tensor flat_params_, flat_grads_, head_grads_;
  std::vector<torch::Tensor> in_order_;  // the parameters as WeightManifest has them; parameters()
                                         // has each bias behind its weight
  std::shared_ptr<TrainingPass> pass_;   // of Backend::kKernels
};
TORCH_MODULE(Transformer);

}  // namespace r1zero
