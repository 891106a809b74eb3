#include <algorithm>
#include <numeric>
#include <span>

#include "kernels/embedding.h"
#include "kernels/head.h"
#include "kernels/rmsnorm.h"
#include "kernels/scratch.h"
#include "kernels/swiglu.h"
#include "policy/packed_weights.h"
#include "policy/training_gradients.h"
#include "policy/training_pass.h"

namespace r1zero {
namespace {

using kernels::AlignedVector;
using kernels::InlinePool;
using kernels::Scratch;

// y = a + b; y may be one of them.
void Add(const float* a, const float* b, float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = a[i] + b[i];
}

constexpr int64_t kBlock = kernels::kKvBlockTokens;
int64_t BlocksFor(int64_t tokens) { return (tokens + kBlock - 1) / kBlock; }

// Appends the table of a sequence that shares the first blocks of another table.
int64_t AppendTable(std::span<const int32_t> shared, int64_t own, Activations& a) {
  const auto begin = static_cast<int64_t>(a.block_tables.size());
  a.block_tables.insert(a.block_tables.end(), shared.begin(), shared.end());
  for (int64_t i = 0; i < own; ++i) a.block_tables.push_back(static_cast<int32_t>(a.num_blocks++));
  return begin;
}

// Where each sequence's table begins. The full blocks of a prefix stand in all its continuations'.
std::vector<int64_t> AssignTables(Activations& a) {
  std::vector<int64_t> table_S(a.num_sequences());
  a.num_blocks = 0;
  a.block_tables.clear();
  a.block_tables.reserve(2 * a.num_tokens() / kBlock + a.num_sequences());
  for (const PrefixGroup& group : a.packed.groups) {
    const int64_t P = a.packed.length(group.prefix);
    table_S[group.prefix] = AppendTable({}, BlocksFor(P), a);
    const std::vector<int32_t> full(a.block_tables.begin() + table_S[group.prefix],
                                    a.block_tables.begin() + table_S[group.prefix] + P / kBlock);
    for (int64_t s = group.first; s < group.prefix; ++s)
      table_S[s] = AppendTable(full, BlocksFor(P % kBlock + a.packed.length(s)), a);
  }
  return table_S;
}

void AssignBlocks(Activations& a) {
  const std::vector<int64_t> table_S = AssignTables(a);
  const auto row = [&](int64_t s, int64_t position) {
    return kernels::AttentionRow{a.block_tables.data() + table_S[s],
                                 static_cast<int32_t>(position + 1)};
  };
  a.rows_M.clear();
  for (int64_t s = 0; s < a.num_sequences(); ++s)
    for (int64_t m = a.packed.offsets_S1[s]; m < a.packed.offsets_S1[s + 1]; ++m)
      a.rows_M.push_back(row(s, a.packed.positions_N[m]));
  a.tail_copies.clear();
  for (const PrefixGroup& group : a.packed.groups) {
    const int64_t P = a.packed.length(group.prefix), full = P / kBlock * kBlock;
    for (int64_t s = group.first; s < group.prefix && full < P; ++s) {
      a.tail_copies.push_back({.begin = a.packed.offsets_S1[group.prefix] + full, .rows = {}});
      for (int64_t t = full; t < P; ++t) a.tail_copies.back().rows.push_back(row(s, t));
    }
  }
}

void SortRowsByToken(Activations& a) {
  a.rows_by_token_R.resize(a.num_rows());
  std::iota(a.rows_by_token_R.begin(), a.rows_by_token_R.end(), 0);
  std::ranges::stable_sort(a.rows_by_token_R, {},
                           [&](int64_t r) { return a.rows.hidden_rows_R[r]; });
}

}  // namespace

TrainingPass::TrainingPass(const ModelConfig& config, const float* params, float* grads,
                           float* tied_head_grads, kernels::ThreadPool& pool,
                           kernels::Storage storage)
    : config_(config),
      storage_(storage),
      shape_(AttentionShapeOf(config)),
      rope_(shape_.head_width, config.max_positions, config.rope_theta, config.rope_scaling),
      pool_(pool),
      weights_(config, params, grads, tied_head_grads, storage),
      gradients_(std::make_unique<Gradients>()),
      taken_(std::make_unique<CarriedPrefix>()),
      left_(std::make_unique<CarriedPrefix>()) {}

TrainingPass::~TrainingPass() = default;

std::shared_ptr<Activations> TrainingPass::Forward(const PackedTokens& packed,
                                                   const LogprobRows& rows, float inv_temperature,
                                                   bool keep, float* logprobs_R, float* entropy_R) {
  std::shared_ptr<Activations> activations = NewActivations(packed, rows, keep);
  Activations& a = *activations;
  a.inv_temperature = inv_temperature;
  const int64_t L = config_.num_layers;
  ForTiles(a.num_tokens(), [&](Rows r) {
    Embed(a, r);
    Qkv(a, 0, r);
  });
  for (int64_t layer = 0; layer < L; ++layer) {
    ForTiles(a.num_tokens(), [&](Rows r) {
      AttentionAndMlp(a, layer, r);
      if (layer + 1 < L) Qkv(a, layer + 1, r);
    });
  }
  ForTiles(a.num_rows(), [&](Rows r) { LastNorm(a, r); });
  kernels::HeadForward(a.hidden_RD.data(), weights_.head.forward, rows.targets_R.data(),
                       inv_temperature, logprobs_R, a.logsumexp_R.data(), entropy_R, a.num_rows(),
                       pool_, a.distributions());
  return activations;
}

// From those that are not in use any more.
std::shared_ptr<Activations> TrainingPass::NewActivations(const PackedTokens& packed,
                                                          const LogprobRows& rows, bool keep) {
  if (unused_->empty()) unused_->push_back(std::make_unique<Activations>());
  const auto give_back = [unused = unused_](Activations* a) { unused->emplace_back(a); };
  std::shared_ptr<Activations> activations(unused_->back().release(), give_back);
  unused_->pop_back();
  Activations& a = *activations;
  a.kept = keep;
  a.packed = packed;
  a.rows = rows;
  a.distributions_R.clear();
  for (int64_t r = 0; rows.distributions && r < a.num_rows(); ++r)
    a.distributions_R.push_back((*rows.distributions)[r]);
  AssignBlocks(a);
  SortRowsByToken(a);

  const int64_t M = a.num_tokens(), R = a.num_rows(), D = config_.hidden_size;
  const int64_t W = int64_t{shape_.heads + 2 * shape_.kv_heads} * shape_.head_width;
  a.layers.resize(config_.num_layers + 1);
  for (int64_t layer = 0; layer < (keep ? config_.num_layers : 1); ++layer) {
    Activations::Layer& s = a.layers[layer];
    for (auto* buffer : {&s.x_MD, &s.mid_MD}) Grow(*buffer, M * D);
    for (auto* buffer : {&s.inv_rms_M, &s.mid_inv_rms_M}) Grow(*buffer, M);
    Grow(s.qkv_MW, M * W);
    if (keep && config_.has_qk_norm()) {
      Grow(s.raw_qk_MP, M * QkWidth(shape_));
      Grow(s.head_inv_rms_MN, M * num_qk_heads());
    }
    Grow(s.attended_MQ, M * shape_.heads * shape_.head_width);
    Grow(s.logsumexp_MN, M * shape_.heads);
    Grow(s.gate_up_M2F, M * 2 * config_.intermediate_size);
  }
  Grow(a.at(config_.num_layers).x_MD, M * D);
  for (auto* buffer : {&a.last_x_RD, &a.hidden_RD}) Grow(*buffer, R * D);
  for (auto* buffer : {&a.last_inv_rms_R, &a.logsumexp_R}) Grow(*buffer, R);
  for (auto& blocks : blocks_) Grow(blocks, a.num_blocks * kernels::KvBlockSize(shape_));
  return activations;
}

void TrainingPass::Norm(const float* x_MD, const NormWeight& weight, float* y_MD, float* inv_rms_M,
                        int64_t M) {
  kernels::RmsNorm(x_MD, weight.w_D, static_cast<float>(config_.rms_eps), y_MD, inv_rms_M, M,
                   config_.hidden_size, InlinePool());
}

void TrainingPass::Embed(Activations& a, Rows r) {
  const int64_t D = config_.hidden_size;
  kernels::Embedding(a.packed.tokens_N.data() + r.begin, weights_.embedding_VD,
                     a.at(0).x_MD.data() + r.begin * D, r.count, D, InlinePool());
  RoundAsStored(a.at(0).x_MD.data() + r.begin * D, r.count * D);
}

// The layer's queries, keys and values; the latter two also into the KV blocks.
void TrainingPass::Qkv(Activations& a, int64_t layer, Rows r) {
  thread_local AlignedVector<float> buffer;
  Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  const int64_t D = config_.hidden_size, W = w.qkv.N;
  const int64_t k_column = int64_t{shape_.heads} * shape_.head_width;
  const int64_t v_column = k_column + int64_t{shape_.kv_heads} * shape_.head_width;
  float* normed_MD = Scratch(buffer, r.count * D);
  float* qkv_MW = s.qkv_MW.data() + r.begin * W;
  Norm(s.x_MD.data() + r.begin * D, w.input_norm, normed_MD, s.inv_rms_M.data() + r.begin, r.count);
  kernels::MatMul(normed_MD, D, w.qkv.forward, qkv_MW, W, r.count, InlinePool());
  const bool keeps_raw = a.kept && w.qkv_extras.has_norm();
  FinishQkv(w.qkv_extras, shape_, qkv_MW, r.count,
            keeps_raw ? s.raw_qk_MP.data() + r.begin * QkWidth(shape_) : nullptr,
            keeps_raw ? s.head_inv_rms_MN.data() + r.begin * num_qk_heads() : nullptr);
  // Query heads and key heads are neighbours.
  kernels::Rope(qkv_MW, W, shape_.heads + shape_.kv_heads, a.packed.positions_N.data() + r.begin,
                r.count, rope_, kernels::RopeDirection::kForward, InlinePool());
  for (int64_t m = 0; m < r.count; ++m) RoundAsStored(qkv_MW + m * W + k_column, W - k_column);
  kernels::StoreKv(qkv_MW + k_column, qkv_MW + v_column, W, a.rows_M.data() + r.begin, r.count,
                   shape_, blocks_[layer % 2].data(), InlinePool());
  StoreTails(a, layer, r);
}

void TrainingPass::StoreTails(Activations& a, int64_t layer, Rows r) {
  const int64_t W = weights_.layers[layer].qkv.N;
  const int64_t k_column = int64_t{shape_.heads} * shape_.head_width;
  const int64_t v_column = k_column + int64_t{shape_.kv_heads} * shape_.head_width;
  auto copy = std::ranges::upper_bound(a.tail_copies, r.begin, {}, &Activations::TailCopy::end);
  for (; copy != a.tail_copies.end() && copy->begin < r.begin + r.count; ++copy) {
    const int64_t begin = std::max(copy->begin, r.begin);
    const int64_t end = std::min(copy->end(), r.begin + r.count);
    const float* row_W = a.at(layer).qkv_MW.data() + begin * W;
    kernels::StoreKv(row_W + k_column, row_W + v_column, W, copy->rows.data() + begin - copy->begin,
                     end - begin, shape_, blocks_[layer % 2].data(), InlinePool());
  }
}

// From the layer's queries and all keys and values to its output, which is the next layer's input.
void TrainingPass::AttentionAndMlp(Activations& a, int64_t layer, Rows r) {
  thread_local AlignedVector<float> buffer;
  Activations::Layer& s = a.at(layer);
  const TrainingWeights::Layer& w = weights_.layers[layer];
  const int64_t D = config_.hidden_size, F = config_.intermediate_size;
  const int64_t W = w.qkv.N, Q = w.o.K, M = r.count;
  float* normed_MD = Scratch(buffer, M * (2 * D + F));
  float* out_MD = normed_MD + M * D;
  float* activated_MF = out_MD + M * D;
  float* attended_MQ = s.attended_MQ.data() + r.begin * Q;
  float* mid_MD = s.mid_MD.data() + r.begin * D;
  float* gate_up_M2F = s.gate_up_M2F.data() + r.begin * 2 * F;

  kernels::Attention(s.qkv_MW.data() + r.begin * W, W, a.rows_M.data() + r.begin, M, shape_,
                     blocks_[layer % 2].data(), attended_MQ,
                     s.logsumexp_MN.data() + r.begin * shape_.heads, InlinePool());
  kernels::MatMul(attended_MQ, Q, w.o.forward, out_MD, D, M, InlinePool());
  Add(s.x_MD.data() + r.begin * D, out_MD, mid_MD, M * D);

  Norm(mid_MD, w.post_attention_norm, normed_MD, s.mid_inv_rms_M.data() + r.begin, M);
  kernels::MatMul(normed_MD, D, w.gate_up.forward, gate_up_M2F, 2 * F, M, InlinePool());
  kernels::SwiGlu(gate_up_M2F, activated_MF, M, F, InlinePool());
  kernels::MatMul(activated_MF, F, w.down.forward, out_MD, D, M, InlinePool());
  Add(mid_MD, out_MD, a.at(layer + 1).x_MD.data() + r.begin * D, M * D);
}

// Only the rows whose log-probabilities are wanted.
void TrainingPass::LastNorm(Activations& a, Rows r) {
  const int64_t D = config_.hidden_size;
  const float* x_MD = a.at(config_.num_layers).x_MD.data();
  float* last_x_RD = a.last_x_RD.data();
  for (int64_t row = r.begin; row < r.begin + r.count; ++row)
    std::copy_n(x_MD + a.rows.hidden_rows_R[row] * D, D, last_x_RD + row * D);
  Norm(last_x_RD + r.begin * D, weights_.norm, a.hidden_RD.data() + r.begin * D,
       a.last_inv_rms_R.data() + r.begin, r.count);
}

}  // namespace r1zero
