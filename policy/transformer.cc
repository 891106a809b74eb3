#include "policy/transformer.h"

#include "common/error.h"
#include "policy/packed_weights.h"
#include "policy/transformer_aten.h"
#include "policy/transformer_ops.h"

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

void CheckTokens(const PackedTokens& packed, const ModelConfig& config) {
  const auto N = static_cast<int64_t>(packed.tokens_N.size());
  Require(N > 0 && packed.positions_N.size() == packed.tokens_N.size() &&
              packed.offsets_S1.size() >= 2 && packed.offsets_S1.front() == 0 &&
              packed.offsets_S1.back() == N,
          "transformer: a batch of ", N, " tokens with ", packed.positions_N.size(),
          " positions; its offsets must run from 0 to the number of tokens");
  for (size_t s = 0; s + 1 < packed.offsets_S1.size(); ++s) {
    const int64_t length = packed.offsets_S1[s + 1] - packed.offsets_S1[s];
    Require(length > 0 && length <= config.max_positions, "transformer: sequence ", s, " has ",
            length, " tokens, expected 1 to max_positions = ", config.max_positions);
    for (int64_t m = packed.offsets_S1[s]; m < packed.offsets_S1[s + 1]; ++m)
      Require(packed.positions_N[m] == m - packed.offsets_S1[s], "transformer: token ", m,
              " has position ", packed.positions_N[m], ", expected its place in sequence ", s);
  }
  for (int64_t m = 0; m < N; ++m)
    Require(packed.tokens_N[m] >= 0 && packed.tokens_N[m] < config.vocab_size,
            "transformer: token ", m, " is ", packed.tokens_N[m], ", outside the vocabulary of ",
            config.vocab_size);
}

void CheckRows(const LogprobRows& rows, int64_t num_tokens, const ModelConfig& config) {
  Require(!rows.hidden_rows_R.empty() && rows.hidden_rows_R.size() == rows.targets_R.size(),
          "transformer: ", rows.hidden_rows_R.size(), " rows with ", rows.targets_R.size(),
          " targets, expected as many, and at least one");
  int64_t before = -1;
  for (size_t r = 0; r < rows.targets_R.size(); ++r) {
    Require(rows.hidden_rows_R[r] > before && rows.hidden_rows_R[r] < num_tokens,
            "transformer: row ", r, " reads token ", rows.hidden_rows_R[r],
            ", expected ascending places in a batch of ", num_tokens, " tokens");
    before = rows.hidden_rows_R[r];
    Require(rows.targets_R[r] >= 0 && rows.targets_R[r] < config.vocab_size, "transformer: target ",
            r, " is ", rows.targets_R[r], ", outside the vocabulary of ", config.vocab_size);
  }
}

}  // namespace

struct TransformerImpl::Ops {
  struct Layer {
    ops::NormWeight input_norm, post_attention_norm;
    ops::LinearWeight qkv, o, gate_up, down;
  };

  Ops(const ModelConfig& config, const float* params, float* grads, float* tied_head_grads)
      : rope(static_cast<int>(config.head_width), config.max_positions, config.rope_theta),
        attention{AttentionShapeOf(config), &rope} {
    const std::vector<TensorSpec> manifest = WeightManifest(config);
    auto next = manifest.begin();
    const auto norm_weight = [&] {
      const int64_t offset = next++->offset;
      return ops::NormWeight{params + offset, grads + offset};
    };
    // `parts` neighbours of the manifest as one matrix.
    const auto linear = [&](int parts) {
      ops::LinearWeight w{params + next->offset, grads + next->offset, 0, next->shape[1]};
      for (; parts > 0; --parts) w.N += next++->shape[0];
      return w;
    };
    const ops::LinearWeight embedding = linear(1);
    embedding_grads_VD = embedding.dw_NK;
    for (int64_t i = 0; i < config.num_layers; ++i) {
      Layer& layer = layers.emplace_back();
      layer.input_norm = norm_weight();
      layer.qkv = linear(3);
      layer.o = linear(1);
      layer.post_attention_norm = norm_weight();
      layer.gate_up = linear(2);
      layer.down = linear(1);
    }
    norm = norm_weight();
    head = config.tie_embeddings ? embedding : linear(1);
    if (config.tie_embeddings) head.dw_NK = tied_head_grads;
  }

  void Pack(kernels::ThreadPool& pool) {
    std::vector<ops::LinearWeight*> all{&head};
    for (Layer& layer : layers)
      all.insert(all.end(), {&layer.qkv, &layer.o, &layer.gate_up, &layer.down});
    pool.ParallelFor(static_cast<int64_t>(all.size()), [&](int64_t i) { all[i]->Pack(); });
  }

  kernels::RopeTable rope;
  ops::AttentionOp attention;
  float* embedding_grads_VD = nullptr;
  std::vector<Layer> layers;
  ops::NormWeight norm;
  ops::LinearWeight head;
};

TransformerImpl::TransformerImpl(const ModelConfig& config, torch::Device device,
                                 kernels::ThreadPool& pool, Backend backend)
    : config_(config), pool_(pool) {
  CheckModelConfig(config);
  const auto options = at::TensorOptions().dtype(at::kFloat).device(device);
  flat_params_ = at::zeros({NumParameters(config)}, options);
  flat_grads_ = at::zeros_like(flat_params_);
  RegisterParameters();
  if (backend == Backend::kAten) return;
  if (config.tie_embeddings)
    head_grads_ = at::zeros({config.vocab_size * config.hidden_size}, options);
  ops_ = std::make_shared<Ops>(
      config, flat_params_.const_data_ptr<float>(), flat_grads_.mutable_data_ptr<float>(),
      head_grads_.defined() ? head_grads_.mutable_data_ptr<float>() : nullptr);
  WeightsChanged();
}

void TransformerImpl::RegisterParameters() {
  const auto params = CutFlat(config_, flat_params_), grads = CutFlat(config_, flat_grads_);
  const auto manifest = WeightManifest(config_);
  for (size_t i = 0; i < manifest.size(); ++i) {
    const std::string& name = manifest[i].name;
    Tensor& parameter = OwnerOf(*this, name)
                            .register_parameter(name.substr(name.rfind('.') + 1),
                                                params[i].detach(), /*requires_grad=*/true);
    parameter.mutable_grad() = grads[i];
  }
}

LogprobOutput TransformerImpl::Logprobs(const PackedTokens& packed, const LogprobRows& rows,
                                        float inv_temperature) {
  CheckTokens(packed, config_);
  CheckRows(rows, static_cast<int64_t>(packed.tokens_N.size()), config_);
  if (ops_) return KernelLogprobs(packed, rows, inv_temperature);
  return AtenLogprobs(config_, NameWeights(config_, parameters()), packed, rows, inv_temperature);
}

// The order of operations is policy/cpu_decoder.cc's, which is what makes their bits equal.
LogprobOutput TransformerImpl::KernelLogprobs(const PackedTokens& packed, const LogprobRows& rows,
                                              float inv_temperature) {
  const auto batch = std::make_shared<const ops::Batch>(packed);
  const Tensor blocks = at::empty({static_cast<int64_t>(batch->block_table.size()) *
                                   kernels::KvBlockFloats(ops_->attention.shape)},
                                  at::kFloat);
  const auto eps = static_cast<float>(config_.rms_eps);
  Tensor x_MD = ops::Embedding(parameters().front(), ops_->embedding_grads_VD, batch, pool_);
  for (const Ops::Layer& w : ops_->layers) {
    const Tensor h_MD = ops::RmsNorm(x_MD, w.input_norm, eps, pool_);
    const Tensor qkv_M = ops::Linear(h_MD, w.qkv, pool_);
    const Tensor heads_M =
        ops::Attention(qkv_M, ops_->attention, batch, blocks.mutable_data_ptr<float>(), pool_);
    x_MD = x_MD + ops::Linear(heads_M, w.o, pool_);
    const Tensor m_MD = ops::RmsNorm(x_MD, w.post_attention_norm, eps, pool_);
    const Tensor gated_MF = ops::SwiGlu(ops::Linear(m_MD, w.gate_up, pool_), pool_);
    x_MD = x_MD + ops::Linear(gated_MF, w.down, pool_);
  }
  const Tensor hidden_RD =
      ops::RmsNorm(ops::SelectRows(x_MD, rows.hidden_rows_R), ops_->norm, eps, pool_);
  return ops::Head(hidden_RD, ops_->head, rows.targets_R, inv_temperature, pool_);
}

void TransformerImpl::FinishGradients() {
  if (head_grads_.defined()) flat_grads_.narrow(0, 0, head_grads_.numel()).add_(head_grads_);
}

void TransformerImpl::ZeroGradients() {
  flat_grads_.zero_();
  if (head_grads_.defined()) head_grads_.zero_();
}

void TransformerImpl::WeightsChanged() {
  if (ops_) ops_->Pack(pool_);
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
