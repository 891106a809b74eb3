#include "policy/torch_decoder.h"

#include <algorithm>

#include "common/error.h"
#include "kernels/attention.h"
#include "policy/device.h"
#include "policy/transformer_aten.h"

namespace r1zero {
namespace {

using kernels::kKvBlockTokens;
using torch::Tensor;

// A batch of inputs as indices. Queries and keys of the S inputs stand side by side, padded at the
// end to Q and T; token m's own key and value go to slot_M[m].
struct BatchIndices {
  std::vector<int32_t> tokens_M, positions_M;
  std::vector<int64_t> slot_M;
  std::vector<int64_t> query_SQ;      // the token that fills the place; padding repeats token 0
  std::vector<int64_t> place_M;       // where token m lies among the places
  std::vector<int64_t> key_ST;        // the slot of each key; padding repeats slot 0
  std::vector<int64_t> last_seen_SQ;  // the last key that the place may see
  std::vector<int64_t> wanted;        // tokens whose logits are wanted
  int64_t S = 0, Q = 0, T = 0;
};

int64_t Slot(const DecoderInput& input, int64_t position) {
  return int64_t{input.block_table[position / kKvBlockTokens]} * kKvBlockTokens +
         position % kKvBlockTokens;
}

int64_t NumTokens(const DecoderInput& input) { return static_cast<int64_t>(input.tokens.size()); }
int64_t NumKeys(const DecoderInput& input) { return input.first_position + NumTokens(input); }

void CheckInput(const DecoderInput& input, const ModelConfig& config) {
  const auto covered = static_cast<int64_t>(input.block_table.size()) * kKvBlockTokens;
  Require(!input.tokens.empty() && NumKeys(input) <= std::min(covered, config.max_positions),
          "decoder: ", input.tokens.size(), " tokens at position ", input.first_position,
          ", expected at least one, within ", covered, " slots of the block table and ",
          config.max_positions, " positions of the model");
}

void AppendInput(const DecoderInput& input, int64_t s, BatchIndices& b) {
  for (int64_t i = 0; i < NumTokens(input); ++i) {
    const int64_t m = static_cast<int64_t>(b.tokens_M.size()), place = s * b.Q + i;
    b.tokens_M.push_back(input.tokens[i]);
    b.positions_M.push_back(static_cast<int32_t>(input.first_position + i));
    b.slot_M.push_back(Slot(input, input.first_position + i));
    b.query_SQ[place] = m;
    b.place_M.push_back(place);
    b.last_seen_SQ[place] = input.first_position + i;
  }
  for (int64_t t = 0; t < NumKeys(input); ++t) b.key_ST[s * b.T + t] = Slot(input, t);
  if (input.wants_logits) b.wanted.push_back(static_cast<int64_t>(b.tokens_M.size()) - 1);
}

BatchIndices MakeIndices(std::span<const DecoderInput> batch, const ModelConfig& config) {
  BatchIndices b;
  b.S = static_cast<int64_t>(batch.size());
  for (const DecoderInput& input : batch) {
    CheckInput(input, config);
    b.Q = std::max(b.Q, NumTokens(input));
    b.T = std::max(b.T, NumKeys(input));
  }
  b.query_SQ.assign(b.S * b.Q, 0);
  b.last_seen_SQ.assign(b.S * b.Q, 0);
  b.key_ST.assign(b.S * b.T, 0);
  for (int64_t s = 0; s < b.S; ++s) AppendInput(batch[s], s, b);
  return b;
}

class TorchDecoder : public Decoder {
 public:
  TorchDecoder(const ModelConfig& config, int64_t num_blocks, torch::Device device)
      : config_(config), num_blocks_(num_blocks), device_(device) {
    // Zeros: a key that is masked out still multiplies its value by 0, which must not be NaN.
    for (int64_t layer = 0; layer < config.num_layers; ++layer) {
      keys_.push_back(NewBlocks());
      values_.push_back(NewBlocks());
    }
  }

  const ModelConfig& config() const override { return config_; }
  int64_t num_blocks() const override { return num_blocks_; }

  void SetWeights(std::shared_ptr<const Weights> weights) override {
    Require(weights->config == config_, "decoder: weights of another model shape");
    const Tensor flat = at::from_blob(const_cast<float*>(weights->flat.data()),
                                      {static_cast<int64_t>(weights->flat.size())}, at::kFloat);
    weights_ =
        NameWeights(config_, CutFlat(config_, flat.to(device_, flat.scalar_type(),
                                                      /*non_blocking=*/false, /*copy=*/true)));
  }

  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    Require(weights_.norm.defined(), "decoder: Forward before SetWeights");
    if (batch.empty()) return;
    const at::NoGradGuard no_grad;
    const BatchIndices b = MakeIndices(batch, config_);
    const Tensor slots_M = OnDevice(b.slot_M);
    const Tensor query_SQ = OnDevice(b.query_SQ), key_ST = OnDevice(b.key_ST);
    const Tensor place_M = OnDevice(b.place_M);
    const Tensor visible_S1QT = at::arange(b.T, OnDevice(b.wanted).options()) <=
                                OnDevice(b.last_seen_SQ).view({b.S, 1, b.Q, 1});

    const auto attend = [&](int64_t layer, const Tensor& q_MNH, const Tensor& k_MKH,
                            const Tensor& v_MKH) {
      keys_[layer].index_copy_(0, slots_M, k_MKH);
      values_[layer].index_copy_(0, slots_M, v_MKH);
      const Tensor q_SNQH = SideBySide(q_MNH, query_SQ, b.S);
      const Tensor out_SNQH = at::scaled_dot_product_attention(
          q_SNQH, SideBySide(keys_[layer], key_ST, b.S), SideBySide(values_[layer], key_ST, b.S),
          visible_S1QT, /*dropout_p=*/0, /*is_causal=*/false, /*scale=*/{},
          /*enable_gqa=*/config_.num_heads != config_.num_kv_heads);
      return out_SNQH.transpose(1, 2).flatten(0, 1).index_select(0, place_M);
    };
    const Tensor hidden_MD =
        AtenHidden(config_, weights_, OnDevice(b.tokens_M), OnDevice(b.positions_M), attend);
    if (b.wanted.empty()) return;
    const Tensor logits =
        AtenLogits(config_, weights_, hidden_MD.index_select(0, OnDevice(b.wanted)))
            .cpu()
            .contiguous();
    std::copy_n(logits.const_data_ptr<float>(), logits.numel(), logits_BV);
  }

  void CopyBlock(int32_t from, int32_t to, int tokens) override {
    for (auto* cache : {&keys_, &values_})
      for (Tensor& layer : *cache)
        layer.narrow(0, int64_t{to} * kKvBlockTokens, tokens)
            .copy_(layer.narrow(0, int64_t{from} * kKvBlockTokens, tokens));
  }

 private:
  Tensor NewBlocks() const {
    return at::zeros({num_blocks_ * kKvBlockTokens, config_.num_kv_heads, config_.head_width},
                     at::TensorOptions().dtype(at::kFloat).device(device_));
  }

  template <typename Int>
  Tensor OnDevice(const std::vector<Int>& values) const {
    return at::tensor(values).to(device_, at::kLong);
  }

  // Rows of x [rows, heads, H] as [S, heads, places, H].
  static Tensor SideBySide(const Tensor& x, const Tensor& rows, int64_t S) {
    return x.index_select(0, rows).view({S, -1, x.size(1), x.size(2)}).transpose(1, 2);
  }

  ModelConfig config_;
  int64_t num_blocks_;
  torch::Device device_;
  AtenWeights weights_;
  std::vector<Tensor> keys_, values_;  // by layer: [blocks * 16, K, H]
};

}  // namespace

std::unique_ptr<Decoder> MakeTorchDecoder(const ModelConfig& config, int64_t num_blocks,
                                          const std::string& device) {
  CheckModelConfig(config);
  return std::make_unique<TorchDecoder>(config, num_blocks, FindDevice(device));
}

}  // namespace r1zero
