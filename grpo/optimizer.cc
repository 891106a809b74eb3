#include "grpo/optimizer.h"

#include <cmath>

#include "common/error.h"
#include "kernels/adamw.h"
#include "kernels/gradient_norm.h"

namespace r1zero {
namespace {

using torch::Tensor;

constexpr const char* kAdvice =
    "look at the gradient norms before it; a lower lr, a longer warmup_steps or a smaller "
    "max_grad_norm keeps training stable";

void CopyInto(Tensor& to, std::span<const float> from) {
  Require(static_cast<int64_t>(from.size()) == to.numel(), "optimizer state: ", from.size(),
          " moments, expected ", to.numel(), "; was this checkpoint written for another model?");
  to.copy_(at::from_blob(const_cast<float*>(from.data()), {to.numel()}, at::kFloat));
}

}  // namespace

AdamWOptimizer::AdamWOptimizer(const ModelConfig& model, const AdamWConfig& config,
                               torch::Device device, kernels::ThreadPool& pool, Backend backend)
    : config_(config), pool_(pool), backend_(backend) {
  for (const TensorSpec& spec : WeightManifest(model)) {
    const bool decay = spec.decay && config.weight_decay > 0;
    if (ranges_.empty() || ranges_.back().decay != decay)
      ranges_.push_back({spec.offset, spec.offset, decay});
    ranges_.back().end += spec.size;
  }
  m_ = at::zeros({NumParameters(model)}, at::TensorOptions().dtype(at::kFloat).device(device));
  v_ = at::zeros_like(m_);
}

double AdamWOptimizer::Step(Transformer& policy, double lr) {
  policy->FinishGradients();
  const double norm = Norm(policy->flat_grads());
  Require(std::isfinite(norm), "optimizer step ", steps_ + 1, ": the gradient's norm is ", norm,
          ", expected a finite number; ", kAdvice);
  ++steps_;
  if (lr == 0) return norm;
  const bool clip = config_.max_grad_norm > 0 && norm > config_.max_grad_norm;
  const double grad_scale = clip ? config_.max_grad_norm / norm : 1;
  const at::NoGradGuard no_grad;
  if (backend_ == Backend::kKernels) {
    UpdateWithKernels(policy, lr, grad_scale);
  } else {
    UpdateWithAten(policy, lr, grad_scale);
  }
  Require(std::isfinite(Norm(policy->flat_params())), "optimizer step ", steps_,
          ": a weight is not finite after an update with learning rate ", lr, " and gradient norm ",
          norm, "; ", kAdvice);
  policy->WeightsChanged();
  return norm;
}

double AdamWOptimizer::Norm(const Tensor& flat) const {
  if (backend_ == Backend::kKernels)
    return kernels::GradientNorm(flat.const_data_ptr<float>(), flat.numel(), pool_);
  return flat.to(at::kDouble).norm().item<double>();
}

void AdamWOptimizer::UpdateWithKernels(Transformer& policy, double lr, double grad_scale) {
  float* params = policy->flat_params().mutable_data_ptr<float>();
  const float* grads = policy->flat_grads().const_data_ptr<float>();
  float *m = m_.mutable_data_ptr<float>(), *v = v_.mutable_data_ptr<float>();
  for (const Range& r : ranges_) {
    const kernels::AdamWStep step{
        lr,         config_.beta1, config_.beta2, config_.eps, r.decay ? config_.weight_decay : 0,
        grad_scale, steps_};
    kernels::AdamW(params + r.begin, grads + r.begin, m + r.begin, v + r.begin, r.end - r.begin,
                   step, pool_);
  }
}

void AdamWOptimizer::UpdateWithAten(Transformer& policy, double lr, double grad_scale) {
  const Tensor g = policy->flat_grads() * grad_scale;
  m_.mul_(config_.beta1).add_(g, 1 - config_.beta1);
  v_.mul_(config_.beta2).addcmul_(g, g, 1 - config_.beta2);
  const double m_bias = 1 - std::pow(config_.beta1, static_cast<double>(steps_));
  const double v_bias = 1 - std::pow(config_.beta2, static_cast<double>(steps_));
  const Tensor update = (m_ / m_bias) / ((v_ / v_bias).sqrt() + config_.eps);
  Tensor params = policy->flat_params();
  for (const Range& r : ranges_) {
    if (!r.decay) continue;
    update.slice(0, r.begin, r.end).add_(params.slice(0, r.begin, r.end), config_.weight_decay);
  }
  params.sub_(update, lr);
}

void AdamWOptimizer::Restore(int64_t steps, std::span<const float> m, std::span<const float> v) {
  CopyInto(m_, m);
  CopyInto(v_, v);
  steps_ = steps;
}

}  // namespace r1zero
