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

// One tile of up to 16 queries of one head, against the keys of the blocks up to its own.
struct BackwardTile {
  int64_t first = 0, rows = 0;             // queries [first, first + rows) of the sequence
  int64_t ld = 0, ldd = 0, ldo = 0;        // row strides of q and k, of dq, of out and dout
  const float *q = nullptr, *k = nullptr;  // q: the tile's first query; k: the sequence's first key
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

// weight[t] = exp(score[t] - logsumexp) for t <= query, 0 after it; `dscore` comes in as dout . v
// and leaves as d(loss)/d(q . k): weight (dout . v - dout . out) scale.
HWY_INLINE void ScoreGradients(float* HWY_RESTRICT weight_T, float* HWY_RESTRICT dscore_T,
                               int64_t padded_T, float logsumexp, float dout_out, float scale) {
  const Floats16 d;
  for (int64_t t = 0; t < padded_T; t += kLanes) {
    const V weight = Exp(d, hn::Sub(hn::LoadU(d, weight_T + t), hn::Set(d, logsumexp)));
    const V gradient = hn::Mul(weight, hn::Sub(hn::LoadU(d, dscore_T + t), hn::Set(d, dout_out)));
    hn::StoreU(weight, d, weight_T + t);
    hn::StoreU(hn::Mul(gradient, hn::Set(d, scale)), d, dscore_T + t);
  }
}

void BackwardQueries(const BackwardTile& tile, const AttentionShape& shape) {
  const int64_t H = shape.head_width;
  const int64_t num_blocks = tile.first / 16 + 1;
  const int64_t padded_T = num_blocks * 16;
  const Blocks keys{tile.keys_BH16, nullptr, H * 16};
  const Blocks values{tile.values_BH16, nullptr, H * 16};
  WeightedSum sums[16];
  for (int64_t r = 0; r < tile.rows; ++r) {
    const float* dout_H = tile.dout + r * tile.ldo;
    const float* out_H = tile.out + r * tile.ldo;
    float* weight_T = tile.weight_RT + r * padded_T;
    float* dscore_T = tile.dscore_RT + r * padded_T;
    Scores(tile.q + r * tile.ld, H, keys, num_blocks, 0, shape.scale, weight_T);
    FillTail(weight_T + tile.first, r + 1, -std::numeric_limits<float>::infinity());
    Scores(dout_H, H, values, num_blocks, 0, 1.0f, dscore_T);
    const float dout_out = Sum16(H, [=](auto d, auto partial, int64_t h) HWY_ATTR {
      return hn::MulAdd(hn::LoadU(d, dout_H + h), hn::LoadU(d, out_H + h), partial);
    });
    const float logsumexp = tile.logsumexp[r * shape.heads];
    ScoreGradients(weight_T, dscore_T, padded_T, logsumexp, dout_out, shape.scale);
    sums[r] = {dscore_T, 0, tile.dq + r * tile.ldd};
  }
  const Blocks key_rows{tile.k, nullptr, 16 * tile.ld};
  SumAllValues(sums, tile.rows, key_rows, tile.ld, tile.first + tile.rows, H);
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(BackwardQueries);

// Rows `ld` apart of T tokens to blocks [H][16], zeros after the last token.
void TransposeToBlocks(const float* x_TH, int64_t ld, int64_t T, int64_t H, float* blocks_BH16) {
  for (int64_t t0 = 0; t0 < T; t0 += 16) {
    float* block_H16 = blocks_BH16 + t0 * H;
    const int64_t tokens = std::min<int64_t>(16, T - t0);
    std::fill_n(block_H16, H * 16, 0.0f);
    for (int64_t t = 0; t < tokens; ++t)
      for (int64_t h = 0; h < H; ++h) block_H16[h * 16 + t] = x_TH[(t0 + t) * ld + h];
  }
}

void CopyRows(const float* x_TH, int64_t T, int64_t H, float* y_TH, int64_t ld) {
  for (int64_t t = 0; t < T; ++t) std::copy_n(x_TH + t * H, H, y_TH + t * ld);
}

// Pointers to the first row of one sequence, at one key head and its first query head.
struct BackwardInputs {
  const float *q, *k, *v, *out, *logsumexp, *dout;
  int64_t ld;
};
struct BackwardOutputs {
  float *dq, *dk, *dv;
  int64_t ldd;
};

// All gradients of one sequence of T tokens at one key head: its query heads one after another, the
// queries of each ascending in tiles of 16.
void BackwardSequence(const BackwardInputs& in, const AttentionShape& shape, int64_t T,
                      const BackwardOutputs& grad) {
  thread_local AlignedVector<float> buffer;
  const int64_t N = shape.heads, H = shape.head_width, padded_T = (T + 15) / 16 * 16;
  float* keys_BH16 = Scratch(buffer, padded_T * (4 * H + 2 * 16));
  float* values_BH16 = keys_BH16 + padded_T * H;
  float* dk_TH = values_BH16 + padded_T * H;
  float* dv_TH = dk_TH + padded_T * H;
  float* weight_RT = dv_TH + padded_T * H;
  float* dscore_RT = weight_RT + padded_T * 16;
  TransposeToBlocks(in.k, in.ld, T, H, keys_BH16);
  TransposeToBlocks(in.v, in.ld, T, H, values_BH16);
  std::fill_n(dk_TH, 2 * padded_T * H, 0.0f);

  for (int64_t n = 0; n < N / shape.kv_heads; ++n) {
    for (int64_t t = 0; t < T; t += 16) {
      const int64_t rows = std::min<int64_t>(16, T - t), ld_weight = t + 16;
      const float* q = in.q + t * in.ld + n * H;
      const float* dout = in.dout + (t * N + n) * H;
      HWY_DYNAMIC_DISPATCH(BackwardQueries)
      ({.first = t,
        .rows = rows,
        .ld = in.ld,
        .ldd = grad.ldd,
        .ldo = N * H,
        .q = q,
        .k = in.k,
        .out = in.out + (t * N + n) * H,
        .dout = dout,
        .logsumexp = in.logsumexp + t * N + n,
        .dq = grad.dq + t * grad.ldd + n * H,
        .keys_BH16 = keys_BH16,
        .values_BH16 = values_BH16,
        .weight_RT = weight_RT,
        .dscore_RT = dscore_RT},
       shape);
      AccumulateWeightGradient(dscore_RT, ld_weight, q, in.ld, dk_TH, rows, t + rows, H,
                               InlinePool());
      AccumulateWeightGradient(weight_RT, ld_weight, dout, N * H, dv_TH, rows, t + rows, H,
                               InlinePool());
    }
  }
  CopyRows(dk_TH, T, H, grad.dk, grad.ldd);
  CopyRows(dv_TH, T, H, grad.dv, grad.ldd);
}

}  // namespace

void AttentionBackward(const AttentionGradientArgs& a, int64_t sequence, int kv_head) {
  const int64_t N = a.shape.heads, H = a.shape.head_width;
  const int64_t n = kv_head * (N / a.shape.kv_heads);
  const int64_t m = a.offsets_S1[sequence], T = a.offsets_S1[sequence + 1] - m;
  const int64_t at_q = m * a.ld + n * H, at_kv = m * a.ld + kv_head * H, at_out = (m * N + n) * H;
  BackwardSequence({.q = a.q_M + at_q,
                    .k = a.k_M + at_kv,
                    .v = a.v_M + at_kv,
                    .out = a.out_MNH + at_out,
                    .logsumexp = a.logsumexp_MN + m * N + n,
                    .dout = a.dout_MNH + at_out,
                    .ld = a.ld},
                   a.shape, T,
                   {.dq = a.dq_M + m * a.ldd + n * H,
                    .dk = a.dk_M + m * a.ldd + kv_head * H,
                    .dv = a.dv_M + m * a.ldd + kv_head * H,
                    .ldd = a.ldd});
}

void AttentionBackward(const AttentionGradientArgs& args, int64_t num_sequences, ThreadPool& pool) {
  RequireAttentionShape(args.shape);
  const int64_t K = args.shape.kv_heads;
  pool.ParallelFor(num_sequences * K, [&](int64_t task) {
    AttentionBackward(args, task / K, static_cast<int>(task % K));
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
