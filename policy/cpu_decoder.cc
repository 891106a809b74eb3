#include <algorithm>
#include <sstream>
#include <string>
#include <type_traits>

#include "common/error.h"
#include "kernels/attention.h"
#include "kernels/embedding.h"
#include "kernels/matmul.h"
#include "kernels/rmsnorm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"
#include "policy/decoder.h"
#include "policy/packed_weights.h"

namespace r1zero {
namespace {

using kernels::AlignedVector;
using kernels::Bfloat16;

std::string Shape(const ModelConfig& c) {
  std::ostringstream text;
  text << "vocab_size " << c.vocab_size << ", hidden_size " << c.hidden_size << ", num_layers "
       << c.num_layers << ", num_heads " << c.num_heads << ", num_kv_heads " << c.num_kv_heads
       << ", head_width " << c.head_width << ", intermediate_size " << c.intermediate_size
       << ", max_positions " << c.max_positions;
  return text.str();
}

// E is what the KV blocks and the embedding hold.
//
// M rows (new tokens of all sequences, one after another), D hidden size, F intermediate size, Q
// the width of all query heads, W of query, key and value heads together.
template <typename E>
class CpuDecoder final : public Decoder {
 public:
  CpuDecoder(const ModelConfig& config, int64_t num_blocks, int64_t max_batch_tokens)
      : config_(config),
        shape_(AttentionShapeOf(config)),
        num_blocks_(num_blocks),
        max_batch_tokens_(max_batch_tokens),
        layer_elements_(num_blocks * kernels::KvBlockSize(shape_)),
        layer_is_cached_(LayerBytes() <= kernels::ReadAhead::DefaultDistance()),
        most_positions_(std::min(config.max_positions, num_blocks * kernels::kKvBlockTokens)),
        rope_(shape_.head_width, config.max_positions, config.rope_theta, config.rope_scaling),
        blocks_(config.num_layers * layer_elements_) {
    rope_.Reserve(most_positions_);
    const int64_t M = max_batch_tokens;
    x_MD_.resize(M * config.hidden_size);
    normed_MD_.resize(M * config.hidden_size);
    qkv_MW_.resize(M * qkv_width());
    attended_MQ_.resize(M * query_width());
    gate_up_M2F_.resize(M * 2 * config.intermediate_size);
    activated_MF_.resize(M * config.intermediate_size);
    tokens_M_.reserve(M);
    positions_M_.reserve(M);
    rows_M_.reserve(M);
    logit_rows_.reserve(M);
  }

  const ModelConfig& config() const override { return config_; }
  int64_t num_blocks() const override { return num_blocks_; }

  void SetWeights(std::shared_ptr<const Weights> weights) override {
    Require(weights != nullptr, "no weights to decode with");
    Require(weights->config == config_, "weights of another model: of ", Shape(weights->config),
            "; the decoder was made for ", Shape(config_));
    weights_ = nullptr;  // before the new ones are packed: both would be twice the memory
    weights_ = PackWeights(std::move(weights), kStorage);
    ahead_.Reserve(MostPlanEntries());
  }

  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    Require(weights_ != nullptr, "the decoder has no weights yet");
    Flatten(batch);
    PlanReads();
    kernels::ReserveAttention(most_positions_);
    kernels::Embedding(tokens_M_.data(), Table(E()), x_MD_.data(), M(), config_.hidden_size, pool_);
    for (int64_t layer = 0; layer < config_.num_layers; ++layer) {
      const PackedLayer& w = weights_->layers[layer];
      for (int64_t begin = 0; begin < M(); begin += tile_rows())
        AttentionBlock(w, Tile(begin), blocks_.data() + layer * layer_elements_);
      for (int64_t begin = 0; begin < M(); begin += tile_rows()) MlpBlock(w, Tile(begin));
    }
    Head(logits_BV);
    Require(ahead_.reached() == ahead_.entries(), "the decoder read ", ahead_.reached(), " of the ",
            ahead_.entries(), " entries of its plan");
  }

  void CopyBlock(int32_t from, int32_t to, int tokens) override;

 private:
  // Some of the batch's rows.
  struct Rows {
    int64_t begin = 0, count = 0;
  };
  static constexpr bool kIsFloat32 = std::is_same_v<E, float>;
  static constexpr kernels::Storage kStorage =
      kIsFloat32 ? kernels::Storage::kFloat32 : kernels::Storage::kBfloat16;
  static constexpr int64_t kTileRows = 24, kAttentionRows = 16, kRowsThatMultiplyLonger = 16;

  const float* Table(float) const { return weights_->embedding_VD; }
  const Bfloat16* Table(Bfloat16) const { return weights_->bfloat16_embedding.data(); }

  int64_t M() const { return static_cast<int64_t>(tokens_M_.size()); }
  int64_t query_width() const { return config_.num_heads * config_.head_width; }
  int64_t kv_width() const { return config_.num_kv_heads * config_.head_width; }
  int64_t qkv_width() const { return query_width() + 2 * kv_width(); }

  // Rows that run through a half of a layer together: few where its weights stay in the cache, so that
  // the KV of the next few comes in meanwhile; all where the weights are what has to be fetched. Halves
  // and not whole layers, because keys and values on their way push weights out of the cache, the more
  // of them the more of it they fill.
  int64_t tile_rows() const { return layer_is_cached_ ? kTileRows : M(); }
  Rows Tile(int64_t begin) const { return {begin, std::min(tile_rows(), M() - begin)}; }
  int64_t LayerBytes() const {
    const int64_t D = config_.hidden_size, F = config_.intermediate_size;
    return (D * qkv_width() + query_width() * D + 3 * D * F) * int64_t{sizeof(E)};
  }

  // In the order of Forward. Few rows only read their weights once: there is nothing to overlap.
  void PlanReads() {
    ahead_.Clear();
    if (ahead() == nullptr) return;
    for (int64_t layer = 0; layer < config_.num_layers; ++layer) {
      const PackedLayer& w = weights_->layers[layer];
      for (int64_t begin = 0; begin < M(); begin += tile_rows()) {
        const Rows rows = Tile(begin);
        const bool cached = begin > 0;
        kernels::PlanMatMul(w.qkv, cached, ahead_);
        kernels::PlanAttention(rows_M_.data() + rows.begin, rows.count, shape_,
                               blocks_.data() + layer * layer_elements_, ahead_);
        kernels::PlanMatMul(w.o, cached, ahead_);
      }
      for (int64_t begin = 0; begin < M(); begin += tile_rows())
        for (const kernels::PackedMatrix* matrix : {&w.gate_up, &w.down})
          kernels::PlanMatMul(*matrix, /*cached=*/begin > 0, ahead_);
    }
    if (!logit_rows_.empty()) kernels::PlanMatMul(weights_->head, /*cached=*/false, ahead_);
  }
  int64_t MostPlanEntries() const {
    const PackedLayer& w = weights_->layers.front();
    int64_t of_tile = 0;
    for (const kernels::PackedMatrix* matrix : {&w.qkv, &w.o, &w.gate_up, &w.down})
      of_tile += kernels::NumPlanEntries(*matrix);
    const int64_t tiles = layer_is_cached_ ? (max_batch_tokens_ + kTileRows - 1) / kTileRows : 1;
    return config_.num_layers * (tiles * of_tile + max_batch_tokens_) +
           kernels::NumPlanEntries(weights_->head);
  }

  kernels::ReadAhead* ahead() { return M() < kRowsThatMultiplyLonger ? nullptr : &ahead_; }

  // The batch as rows: their tokens, their positions, the keys they see, and which want logits.
  void Flatten(std::span<const DecoderInput> batch) {
    tokens_M_.clear();
    positions_M_.clear();
    rows_M_.clear();
    logit_rows_.clear();
    for (const DecoderInput& input : batch) {
      CheckInput(input);
      for (size_t i = 0; i < input.tokens.size(); ++i) {
        const auto position = static_cast<int32_t>(input.first_position + i);
        tokens_M_.push_back(input.tokens[i]);
        positions_M_.push_back(position);
        rows_M_.push_back({.block_table = input.block_table.data(), .num_keys = position + 1});
      }
      if (input.wants_logits) logit_rows_.push_back(M() - 1);
    }
  }

  void CheckInput(const DecoderInput& input) const {
    const auto count = static_cast<int64_t>(input.tokens.size());
    const int64_t end = input.first_position + count;
    const auto covered = static_cast<int64_t>(input.block_table.size()) * kernels::kKvBlockTokens;
    Require(count > 0, "a decoder input without tokens");
    Require(M() + count <= max_batch_tokens_, "a decoder batch of more than ", max_batch_tokens_,
            " tokens");
    Require(input.first_position >= 0 && end <= config_.max_positions, "positions ",
            input.first_position, " to ", end - 1, " are not within the context of ",
            config_.max_positions);
    Require(end <= covered, "a block table for ", covered, " positions, but ", end, " are needed");
    for (const int32_t token : input.tokens)
      Require(token >= 0 && token < config_.vocab_size, "token ", token,
              " is not in the vocabulary of ", config_.vocab_size);
  }

  // x += W_o attention(rope(W_q n), rope(W_k n), W_v n) with n = norm(x); Qwen adds a bias to the
  // products, or normalises the heads before they are rotated
  void AttentionBlock(const PackedLayer& w, Rows rows, E* layer_blocks) {
    const int64_t D = config_.hidden_size, W = qkv_width(), M = rows.count;
    float* q = qkv_MW_.data();
    Norm(x_MD_.data() + rows.begin * D, w.input_norm_D, normed_MD_.data(), M);
    kernels::MatMul(normed_MD_.data(), D, w.qkv, q, W, M, pool_, ahead());
    FinishQkv(w.qkv_extras, shape_, q, M, /*raw_MP=*/nullptr, /*inv_rms_M1=*/nullptr);
    // Query heads and key heads are neighbours.
    kernels::Rope(q, W, shape_.heads + shape_.kv_heads, positions_M_.data() + rows.begin, M, rope_,
                  kernels::RopeDirection::kForward, pool_);
    for (int64_t m = 0; m < M; m += kAttentionRows)
      Attend({rows.begin + m, std::min(kAttentionRows, M - m)}, q + m * W,
             attended_MQ_.data() + m * query_width(), layer_blocks);
    kernels::MatMul(attended_MQ_.data(), query_width(), w.o, normed_MD_.data(), D, M, pool_,
                    ahead());
    AddToResidual(rows);
  }

  // Keys and values are stored just before they are read, while their blocks lie in the cache.
  void Attend(Rows rows, const float* q_MW, float* attended_MQ, E* layer_blocks) {
    const int64_t W = qkv_width();
    const kernels::AttentionRow* rows_M = rows_M_.data() + rows.begin;
    const float* k = q_MW + query_width();
    kernels::StoreKv(k, k + kv_width(), W, rows_M, rows.count, shape_, layer_blocks, pool_);
    kernels::Attention(q_MW, W, rows_M, rows.count, shape_, layer_blocks, attended_MQ,
                       /*logsumexp_MN=*/nullptr, pool_, ahead());
  }

  // x += W_down (silu(W_gate n) * W_up n) with n = norm(x)
  void MlpBlock(const PackedLayer& w, Rows rows) {
    const int64_t D = config_.hidden_size, F = config_.intermediate_size, M = rows.count;
    Norm(x_MD_.data() + rows.begin * D, w.post_attention_norm_D, normed_MD_.data(), M);
    kernels::MatMul(normed_MD_.data(), D, w.gate_up, gate_up_M2F_.data(), 2 * F, M, pool_, ahead());
    kernels::SwiGlu(gate_up_M2F_.data(), activated_MF_.data(), M, F, pool_);
    kernels::MatMul(activated_MF_.data(), F, w.down, normed_MD_.data(), D, M, pool_, ahead());
    AddToResidual(rows);
  }

  // Only the rows whose logits are wanted: they are moved to the front of x, which is done with.
  void Head(float* logits_BV) {
    const int64_t D = config_.hidden_size, V = config_.vocab_size;
    const auto B = static_cast<int64_t>(logit_rows_.size());
    for (int64_t b = 0; b < B; ++b)
      std::copy_n(x_MD_.data() + logit_rows_[b] * D, logit_rows_[b] == b ? 0 : D,
                  x_MD_.data() + b * D);
    Norm(x_MD_.data(), weights_->norm_D, normed_MD_.data(), B);
    kernels::MatMul(normed_MD_.data(), D, weights_->head, logits_BV, V, B, pool_, ahead());
  }

  void Norm(const float* x_MD, const float* weight_D, float* y_MD, int64_t M) {
    kernels::RmsNorm(x_MD, weight_D, static_cast<float>(config_.rms_eps), y_MD,
                     /*inv_rms_M=*/nullptr, M, config_.hidden_size, pool_);
  }

  void AddToResidual(Rows rows) {
    float* x = x_MD_.data() + rows.begin * config_.hidden_size;
    const int64_t n = rows.count * config_.hidden_size;
    for (int64_t i = 0; i < n; ++i) x[i] += normed_MD_[i];
  }

  ModelConfig config_;
  kernels::AttentionShape shape_;
  int64_t num_blocks_, max_batch_tokens_, layer_elements_;
  bool layer_is_cached_;    // its weights fit into the part of the cache that is theirs
  int64_t most_positions_;  // that a sequence can reach: the context's, or what the blocks hold
  kernels::RopeTable rope_;
  kernels::ThreadPool pool_{1};
  kernels::ReadAhead ahead_;
  std::shared_ptr<const PackedWeights> weights_;
  AlignedVector<E> blocks_;  // [layers][blocks][KvBlockSize]
  // normed also receives what o and down give, before it is added to x.
  AlignedVector<float> x_MD_, normed_MD_, qkv_MW_, attended_MQ_, gate_up_M2F_, activated_MF_;
  std::vector<int32_t> tokens_M_, positions_M_;
  std::vector<kernels::AttentionRow> rows_M_;
  std::vector<int64_t> logit_rows_;  // ascending
};

template <typename E>
void CpuDecoder<E>::CopyBlock(int32_t from, int32_t to, int tokens) {
  const int64_t block_size = kernels::KvBlockSize(shape_);
  for (int64_t layer = 0; layer < config_.num_layers; ++layer) {
    E* blocks = blocks_.data() + layer * layer_elements_;
    kernels::CopyKvBlock(blocks + from * block_size, blocks + to * block_size, tokens, shape_);
  }
}

}  // namespace

std::unique_ptr<Decoder> MakeCpuDecoder(const ModelConfig& config, int64_t num_blocks,
                                        int64_t max_batch_tokens, kernels::Storage storage) {
  CheckModelConfig(config);
  Require(num_blocks > 0 && num_blocks <= INT32_MAX, "a decoder with ", num_blocks,
          " KV blocks; expected 1 to ", INT32_MAX);
  Require(max_batch_tokens > 0, "a decoder with a batch of ", max_batch_tokens,
          " tokens; expected at least 1");
  if (storage == kernels::Storage::kBfloat16)
    return std::make_unique<CpuDecoder<Bfloat16>>(config, num_blocks, max_batch_tokens);
  return std::make_unique<CpuDecoder<float>>(config, num_blocks, max_batch_tokens);
}

}  // namespace r1zero
