#include <algorithm>

#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "kernels/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_backward_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/math-inl.h"

#ifndef R1ZERO_KERNELS_ATTENTION_BACKWARD_TILE_
#define R1ZERO_KERNELS_ATTENTION_BACKWARD_TILE_
namespace r1zero::kernels {

// One tile of up to 16 queries of one head that lie in one block, against the keys up to it.
struct BackwardTile {
  int64_t first = 0, rows = 0;       // positions [first, first + rows)
  int64_t ld = 0, ldd = 0, ldo = 0;  // row strides of q, of dq, of out and dout
  const float* q = nullptr;          // the tile's first query
  const float* k_PT16 = nullptr;     // keys in panels of 16 columns, k_panel floats each
  int64_t k_panel = 0;
  const float *out = nullptr, *dout = nullptr, *logsumexp = nullptr;
  float* dq = nullptr;
  const float *keys_BH16 = nullptr, *values_BH16 = nullptr;  // transposed in blocks
  float *weight_RT = nullptr, *dscore_RT = nullptr;  // written: what dv and dk are summed from
};

}  // namespace r1zero::kernels
#endif  // once for all targets

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// weight[t] = exp(scale q . k[t] - logsumexp) for t <= query, 0 after it (scores of -inf); `dscore`
// comes in as dout . v and leaves as d(loss)/d(q . k): weight (dout . v - dout . out) scale.
HWY_INLINE void ScoreGradients(float* HWY_RESTRICT weight_T, float* HWY_RESTRICT dscore_T,
                               int64_t padded_T, float logsumexp, float dout_out, float scale) {
  const Floats16 d;
  for (int64_t t = 0; t < padded_T; t += kLanes) {
    const V score = hn::Mul(hn::LoadU(d, weight_T + t), hn::Set(d, scale));
    const V weight = Exp(d, hn::Sub(score, hn::Set(d, logsumexp)));
    const V gradient = hn::Mul(weight, hn::Sub(hn::LoadU(d, dscore_T + t), hn::Set(d, dout_out)));
    hn::StoreU(weight, d, weight_T + t);
    hn::StoreU(hn::Mul(gradient, hn::Set(d, scale)), d, dscore_T + t);
  }
}

void BackwardQueries(const BackwardTile& tile, const AttentionShape& shape) {
  const int64_t H = shape.head_width;
  const int64_t padded_T = (tile.first / 16 + 1) * 16, last_block = padded_T - 16;
  ProductArgs<float> product{.rows = tile.rows, .panel_stride = H * 16, .steps = H, .ldy = padded_T};
  product.columns = padded_T;
  product.a = tile.q, product.lda = tile.ld, product.b = tile.keys_BH16, product.y = tile.weight_RT;
  MultiplyRows<float>(product);
  product.a = tile.dout, product.lda = tile.ldo, product.b = tile.values_BH16;
  product.y = tile.dscore_RT;
  MultiplyRows<float>(product);
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* dout_H = tile.dout + r * tile.ldo;
    const float* out_H = tile.out + r * tile.ldo;
    float* weight_T = tile.weight_RT + r * padded_T;
    FillTail(weight_T + last_block, tile.first - last_block + r + 1,
             -std::numeric_limits<float>::infinity());
    const float dout_out = Sum16(H, [=](auto d, auto partial, int64_t h) HWY_ATTR {
      return hn::MulAdd(hn::LoadU(d, dout_H + h), hn::LoadU(d, out_H + h), partial);
    });
    ScoreGradients(weight_T, tile.dscore_RT + r * padded_T, padded_T,
                   tile.logsumexp[r * shape.heads], dout_out, shape.scale);
  }
  MultiplyRows<float>({.a = tile.dscore_RT,
                .lda = padded_T,
                .rows = tile.rows,
                .b = tile.k_PT16,
                .panel_stride = tile.k_panel,
                .steps = tile.first + tile.rows,
                .y = tile.dq,
                .ldy = tile.ldd,
                .columns = H});
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(BackwardQueries);

// One key head of one group: the keys of a sequence by position, prefix and continuation, and the
// sums of their gradients. A continuation takes the place of the one before it.
class GroupBackward {
 public:
  GroupBackward(const AttentionGradientArgs& args, const AttentionPrefixGroup& group, int kv_head)
      : a_(args),
        group_(group),
        kv_head_(kv_head),
        H_(args.shape.head_width),
        prefix_T_(Length(group.prefix)) {
    int64_t longest = 0;
    for (int64_t s = group.first; s < group.prefix; ++s) longest = std::max(longest, Length(s));
    Reserve((prefix_T_ + longest + 15) / 16 * 16);
  }

  void Run() {
    LoadKeys(group_.prefix, 0);
    TakePrefixSums();
    for (int64_t s = group_.first; s < group_.prefix; ++s) {
      LoadKeys(s, prefix_T_);
      std::fill_n(dk_TH_ + prefix_T_ * H_, Length(s) * H_, 0.0f);
      std::fill_n(dv_TH_ + prefix_T_ * H_, Length(s) * H_, 0.0f);
      AddQueries(s, prefix_T_);
      StoreSums(s, prefix_T_);
    }
    if (group_.left != nullptr) return LeavePrefixSums();
    AddQueries(group_.prefix, 0);
    StoreSums(group_.prefix, 0);
  }

 private:
  int64_t Begin(int64_t s) const { return a_.offsets_S1[s]; }
  int64_t Length(int64_t s) const { return a_.offsets_S1[s + 1] - a_.offsets_S1[s]; }

  void Reserve(int64_t padded_T) {
    thread_local AlignedVector<float> buffer;
    const int64_t padded_H = (H_ + 15) / 16 * 16;
    padded_T_ = padded_T;
    keys_BH16_ = Scratch(buffer, padded_T * (4 * H_ + padded_H + 2 * 16));
    values_BH16_ = keys_BH16_ + padded_T * H_;
    // Slots behind the last token meet weights of 0: they must be numbers.
    std::fill_n(keys_BH16_, 2 * padded_T * H_, 0.0f);
    k_PT16_ = values_BH16_ + padded_T * H_;
    if (padded_H > H_) std::fill_n(k_PT16_, padded_T * padded_H, 0.0f);
    dk_TH_ = k_PT16_ + padded_T * padded_H;
    dv_TH_ = dk_TH_ + padded_T * H_;
    weight_RT_ = dv_TH_ + padded_T * H_;
    dscore_RT_ = weight_RT_ + padded_T * 16;
  }

  // The keys and values of sequence s become those of positions `first` on.
  void LoadKeys(int64_t s, int64_t first) {
    const float* k = a_.k_M + Begin(s) * a_.ld + kv_head_ * H_;
    const float* v = a_.v_M + Begin(s) * a_.ld + kv_head_ * H_;
    for (int64_t i = 0; i < Length(s); ++i, k += a_.ld, v += a_.ld) {
      const int64_t t = first + i;
      for (int64_t h = 0; h < H_; h += 16)
        std::copy_n(k + h, std::min<int64_t>(16, H_ - h), k_PT16_ + h * padded_T_ + t * 16);
      float* key_H16 = keys_BH16_ + t / 16 * 16 * H_ + t % 16;
      float* value_H16 = values_BH16_ + t / 16 * 16 * H_ + t % 16;
      for (int64_t h = 0; h < H_; ++h) key_H16[h * 16] = k[h];
      for (int64_t h = 0; h < H_; ++h) value_H16[h * 16] = v[h];
    }
  }

  // Adds what the queries of sequence s, at positions `first` on, give: tiles end with blocks.
  void AddQueries(int64_t s, int64_t first) {
    const int64_t N = a_.shape.heads, per_kv = N / a_.shape.kv_heads;
    for (int64_t n = kv_head_ * per_kv; n < (kv_head_ + 1) * per_kv; ++n) {
      for (int64_t i = 0, rows = 0; i < Length(s); i += rows) {
        const int64_t t = first + i, m = Begin(s) + i, at_out = (m * N + n) * H_;
        rows = std::min(16 - t % 16, Length(s) - i);
        const float* q = a_.q_M + m * a_.ld + n * H_;
        HWY_DYNAMIC_DISPATCH(BackwardQueries)
        ({.first = t,
          .rows = rows,
          .ld = a_.ld,
          .ldd = a_.ldd,
          .ldo = N * H_,
          .q = q,
          .k_PT16 = k_PT16_,
          .k_panel = padded_T_ * 16,
          .out = a_.out_MNH + at_out,
          .dout = a_.dout_MNH + at_out,
          .logsumexp = a_.logsumexp_MN + m * N + n,
          .dq = a_.dq_M + m * a_.ldd + n * H_,
          .keys_BH16 = keys_BH16_,
          .values_BH16 = values_BH16_,
          .weight_RT = weight_RT_,
          .dscore_RT = dscore_RT_},
         a_.shape);
        const int64_t ld_weight = t / 16 * 16 + 16;
        AccumulateWeightGradient(dscore_RT_, ld_weight, q, a_.ld, dk_TH_, rows, t + rows, H_,
                                 InlinePool());
        AccumulateWeightGradient(weight_RT_, ld_weight, a_.dout_MNH + at_out, N * H_, dv_TH_, rows,
                                 t + rows, H_, InlinePool());
      }
    }
  }

  void StoreSums(int64_t s, int64_t first) {
    for (int64_t i = 0; i < Length(s); ++i) {
      const int64_t at = (Begin(s) + i) * a_.ldd + kv_head_ * H_;
      std::copy_n(dk_TH_ + (first + i) * H_, H_, a_.dk_M + at);
      std::copy_n(dv_TH_ + (first + i) * H_, H_, a_.dv_M + at);
    }
  }

  int64_t CarriedAt(int64_t t) const { return (t * 2 * a_.shape.kv_heads + kv_head_) * H_; }
  void TakePrefixSums() {
    const int64_t to_dv = a_.shape.kv_heads * H_;
    std::fill_n(dk_TH_, prefix_T_ * H_, 0.0f);
    std::fill_n(dv_TH_, prefix_T_ * H_, 0.0f);
    if (group_.taken == nullptr) return;
    for (int64_t t = 0; t < prefix_T_; ++t) {
      std::copy_n(group_.taken + CarriedAt(t), H_, dk_TH_ + t * H_);
      std::copy_n(group_.taken + CarriedAt(t) + to_dv, H_, dv_TH_ + t * H_);
    }
  }
  void LeavePrefixSums() {
    const int64_t to_dv = a_.shape.kv_heads * H_;
    for (int64_t t = 0; t < prefix_T_; ++t) {
      std::copy_n(dk_TH_ + t * H_, H_, group_.left + CarriedAt(t));
      std::copy_n(dv_TH_ + t * H_, H_, group_.left + CarriedAt(t) + to_dv);
    }
  }

  const AttentionGradientArgs& a_;
  const AttentionPrefixGroup group_;
  const int64_t kv_head_, H_, prefix_T_;
  int64_t padded_T_ = 0;
  float *keys_BH16_, *values_BH16_, *k_PT16_, *dk_TH_, *dv_TH_, *weight_RT_, *dscore_RT_;
};

}  // namespace

void AttentionBackward(const AttentionGradientArgs& args, const AttentionPrefixGroup& group,
                       int kv_head) {
  GroupBackward(args, group, kv_head).Run();
}

void AttentionBackward(const AttentionGradientArgs& args,
                       std::span<const AttentionPrefixGroup> groups, ThreadPool& pool) {
  RequireAttentionShape(args.shape);
  const int64_t K = args.shape.kv_heads;
  pool.ParallelFor(static_cast<int64_t>(groups.size()) * K, [&](int64_t task) {
    AttentionBackward(args, groups[task / K], static_cast<int>(task % K));
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
