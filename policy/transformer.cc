#include "policy/transformer.h"

#include <torch/csrc/autograd/custom_function.h>

#include <functional>
#include <utility>

#include "common/error.h"
#include "policy/training_pass.h"
#include "policy/transformer_aten.h"

namespace r1zero {
namespace {

using torch::Tensor;

// The module whose direct parameter `path`'s last part is: "model.norm.weight" is "weight" of
// "norm" of "model". Creates the modules on the way.
torch::nn::Module& OwnerOf(torch::nn::Module& root, const std::string& path) {
  torch::nn::Module* owner = &root;
  size_t begin = 0;
  for (size_t dot; (dot = path.find('.', begin)) != std::string::npos; begin = dot + 1) {
    const std::string part = path.substr(begin, dot - begin);
    const auto children = owner->named_children();
    const auto* child = children.find(part);
    owner = child ? child->get()
                  : owner->register_module(part, std::make_shared<torch::nn::Module>(part)).get();
  }
  return *owner;
}

// The whole pass is one function of the graph: its input stands for all parameters, whose gradients
// the pass accumulates itself.
struct PassFunction : torch::autograd::Function<PassFunction> {
  using Context = torch::autograd::AutogradContext;
  using Backward = std::function<void(const float* dlogprobs_R)>;
  struct Saved : torch::CustomClassHolder {
    explicit Saved(Backward f) : backward(std::move(f)) {}
    Backward backward;
  };

  struct Result {  // hidden from autograd, which would take a tensor for another input
    Tensor logprobs_R;
    Backward backward;
  };

  static Tensor forward(Context* ctx, const Tensor&, Result result) {
    ctx->saved_data["backward"] =
        c10::IValue::make_capsule(c10::make_intrusive<Saved>(std::move(result.backward)));
    return result.logprobs_R;
  }

  static torch::autograd::variable_list backward(Context* ctx,
                                                 torch::autograd::variable_list gradients) {
    const auto capsule = ctx->saved_data["backward"].toCapsule();
    // Runs once; what it holds of the forward is given back on return.
    const Backward run = std::exchange(static_cast<Saved&>(*capsule).backward, nullptr);
    Require(run != nullptr, "transformer: a second backward of one forward");
    run(gradients[0].contiguous().const_data_ptr<float>());
    return {Tensor(), Tensor()};
  }
};

}  // namespace

TransformerImpl::TransformerImpl(const ModelConfig& config, torch::Device device,
                                 kernels::ThreadPool& pool, Backend backend, PassUse use,
                                 kernels::Storage storage)
    : config_(config) {
  CheckModelConfig(config);
  const bool trains = use == PassUse::kTraining;
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  flat_params_ = at::zeros({NumParameters(config)}, options);
  if (trains) flat_grads_ = at::zeros_like(flat_params_);
  RegisterParameters();
  Require(backend == Backend::kKernels || storage == kernels::Storage::kFloat32,
          "policy.storage is bfloat16, which the CPU's kernels have and ATen's do not; expected "
          "float32 with run.device = \"cuda\"");
  if (backend == Backend::kAten) return;
  if (config.tie_embeddings && trains)
    head_grads_ = at::zeros({config.vocab_size * config.hidden_size}, options);
  const auto floats = [](Tensor& x) { return x.defined() ? x.mutable_data_ptr<float>() : nullptr; };
  pass_ = std::make_shared<TrainingPass>(config, flat_params_.const_data_ptr<float>(),
                                         floats(flat_grads_), floats(head_grads_), pool, storage);
  WeightsChanged();
}

void TransformerImpl::RegisterParameters() {
  const bool trains = flat_grads_.defined();
  const auto params = CutFlat(config_, flat_params_);
  const auto grads = trains ? CutFlat(config_, flat_grads_) : std::vector<Tensor>();
  const auto manifest = WeightManifest(config_);
  for (size_t i = 0; i < manifest.size(); ++i) {
    const std::string& name = manifest[i].name;
    Tensor& parameter = OwnerOf(*this, name)
                            .register_parameter(name.substr(name.rfind('.') + 1),
                                                params[i].detach(), /*requires_grad=*/trains);
    if (trains) parameter.mutable_grad() = grads[i];
    in_order_.push_back(parameter);
  }
}

LogprobOutput TransformerImpl::Logprobs(const PackedTokens& packed, const LogprobRows& rows,
                                        float inv_temperature) {
  CheckPacked(packed, rows, config_.max_positions, config_.vocab_size);
  if (pass_) return KernelLogprobs(packed, rows, inv_temperature);
  const UnsharedBatch batch = Unshare(packed, rows);
  return AtenLogprobs(config_, NameWeights(config_, in_order_), batch.tokens, batch.rows,
                      inv_temperature);
}

LogprobOutput TransformerImpl::KernelLogprobs(const PackedTokens& packed, const LogprobRows& rows,
                                              float inv_temperature) {
  const auto R = static_cast<int64_t>(rows.targets_R.size());
  const Tensor logprobs_R = at::empty({R}, at::kFloat), entropy_R = at::empty({R}, at::kFloat);
  const bool keep = at::GradMode::is_enabled() && flat_grads_.defined();
  const auto saved =
      pass_->Forward(packed, rows, inv_temperature, keep, logprobs_R.mutable_data_ptr<float>(),
                     entropy_R.mutable_data_ptr<float>());
  if (!keep) return {logprobs_R, entropy_R};
  const auto backward = [pass = pass_, saved](const float* dlogprobs_R) {
    pass->Backward(*saved, dlogprobs_R);
  };
  return {PassFunction::apply(parameters().front(), PassFunction::Result{logprobs_R, backward}),
          entropy_R};
}

void TransformerImpl::FinishGradients() {
  if (head_grads_.defined()) flat_grads_.narrow(0, 0, head_grads_.numel()).add_(head_grads_);
}

void TransformerImpl::ZeroGradients() {
  flat_grads_.zero_();
  if (head_grads_.defined()) head_grads_.zero_();
  if (pass_) pass_->ForgetCarried();
}

void TransformerImpl::WeightsChanged() {
  if (pass_) pass_->WeightsChanged();
}

void TransformerImpl::Load(const Weights& weights) {
  Require(weights.config == config_,
          "transformer: weights of another model shape, expected those of the module's own");
  const Tensor flat = at::from_blob(const_cast<float*>(weights.flat.data()),
                                    {static_cast<int64_t>(weights.flat.size())}, at::kFloat);
  Require(flat.numel() == flat_params_.numel(), "transformer: ", flat.numel(),
          " weights, expected ", flat_params_.numel());
  flat_params_.copy_(flat);
  WeightsChanged();
}

std::shared_ptr<Weights> TransformerImpl::Snapshot(int64_t version) const {
  const Tensor flat = flat_params_.cpu();
  const float* data = flat.const_data_ptr<float>();
  auto weights = std::make_shared<Weights>();
  weights->config = config_;
  weights->version = version;
  weights->flat.assign(data, data + flat.numel());
  return weights;
}

}  // namespace r1zero
