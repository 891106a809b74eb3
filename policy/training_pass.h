// Forward and backward of the policy over packed sequences, on the CPU kernels; no libtorch.
//
// The forward's bits are the sampler's: the order of operations is policy/cpu_decoder.cc's. Rows are
// cut into tiles; a tile goes through everything that lies between two attentions while it is in the
// cache, so that a layer costs one barrier forward ("|") and two backward:
//
//   forward   embed, norm, qkv | attention, o, mlp, next norm and qkv | ... | norm, head
//   backward  head, mlp | attention beside the weights' gradients | qkv, mlp below | ...
//
// A weight's gradient is summed over tokens ascending, into what is there, and what continuations
// add to their prefix is summed in their order, and carried from pass to pass where a group is cut:
// any split into passes gives the same bits.
#pragma once

#include <memory>
#include <vector>

#include "kernels/rope.h"
#include "policy/activations.h"
#include "policy/training_weights.h"

namespace r1zero {

// Not thread-safe; `pool` must outlive it.
class TrainingPass {
 public:
  // The buffers are TrainingWeights'. With Storage::kBfloat16 the forward rounds matrices, embedding,
  // keys and values as the sampler does, and the backward takes the rounding for the identity.
  TrainingPass(const ModelConfig& config, const float* params, float* grads, float* tied_head_grads,
               kernels::ThreadPool& pool, kernels::Storage storage = kernels::Storage::kFloat32);
  ~TrainingPass();

  void WeightsChanged() { weights_.Pack(pool_); }

  // Log-probability of each row's target at temperature 1 / inv_temperature under the row's
  // distribution, and the entropy there.
  // Tokens, positions and rows must lie inside the model. Returns what Backward needs; with
  // keep = false less memory is used, and Backward cannot follow.
  std::shared_ptr<Activations> Forward(const PackedTokens& packed, const LogprobRows& rows,
                                       float inv_temperature, bool keep, float* logprobs_R,
                                       float* entropy_R);

  // Adds the gradients of sum_r dlogprobs[r] * logprobs[r]. Once for each forward that was kept; in
  // the order of the passes, where one continues another.
  void Backward(Activations& a, const float* dlogprobs_R);
  // The next pass continues none, whatever the passes before have left of a group: after an error
  // between the passes of one.
  void ForgetCarried();

 private:
  struct Rows {
    int64_t begin = 0, count = 0;
  };
  struct Gradients;
  struct CarriedPrefix;
  class Jobs;

  std::shared_ptr<Activations> NewActivations(const PackedTokens& packed, const LogprobRows& rows,
                                              bool keep);
  template <typename Task>
  void ForTiles(int64_t num_rows, const Task& task);

  void Embed(Activations& a, Rows r);
  void RoundAsStored(float* x, int64_t n) const {
    if (storage_ == kernels::Storage::kBfloat16) kernels::RoundToBfloat16(x, n);
  }
  void StoreTails(Activations& a, int64_t layer, Rows r);
  void Qkv(Activations& a, int64_t layer, Rows r);
  void AttentionAndMlp(Activations& a, int64_t layer, Rows r);
  void LastNorm(Activations& a, Rows r);

  void LastNormGradient(Activations& a, Rows r);
  void AddLastNormGradient(const Activations& a, int64_t row, float* dx_D);
  void PrepareCarried(const Activations& a);
  void MlpGradient(Activations& a, int64_t layer, Rows r);
  void QkvGradient(Activations& a, int64_t layer, Rows r);
  void AddAttentionJobs(Activations& a, int64_t layer, Jobs& jobs);
  void AddMlpJobs(Activations& a, int64_t layer, Jobs& jobs);
  void AddQkvJobs(Activations& a, int64_t layer, Jobs& jobs);
  void AddQkvExtrasJobs(Activations& a, int64_t layer, int64_t M, Jobs& jobs);
  void AddNormJobs(const float* dy_MD, const float* x_MD, const float* inv_rms_M,
                   const NormWeight& weight, int64_t M, Jobs& jobs);
  void AddLinearJobs(const float* dy_MN, const float* x_MK, const LinearWeight& weight, int64_t M,
                     Jobs& jobs);

  void Norm(const float* x_MD, const NormWeight& weight, float* y_MD, float* inv_rms_M, int64_t M);

  int64_t num_qk_heads() const { return shape_.heads + shape_.kv_heads; }

  ModelConfig config_;
  kernels::Storage storage_;
  kernels::AttentionShape shape_;
  kernels::RopeTable rope_;
  kernels::ThreadPool& pool_;
  TrainingWeights weights_;
  kernels::AlignedVector<float> blocks_[2];  // keys and values of even and of odd layers
  std::unique_ptr<Gradients> gradients_;
  std::unique_ptr<CarriedPrefix> taken_, left_;  // from the pass before, for the pass behind
  // Activations that nobody holds any more; those that are held give themselves back to it.
  using Unused = std::vector<std::unique_ptr<Activations>>;
  std::shared_ptr<Unused> unused_ = std::make_shared<Unused>();
};

}  // namespace r1zero
