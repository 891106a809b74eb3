#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "kernels/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/math-inl.h"

#ifndef R1ZERO_KERNELS_ATTENTION_CPU_ONCE_
#define R1ZERO_KERNELS_ATTENTION_CPU_ONCE_
namespace r1zero::kernels {

// Some rows of an attention, for one thread.
struct AttentionTile {
  const float* q_MNH = nullptr;
  int64_t ldq = 0;
  const AttentionRow* rows_M = nullptr;
  int64_t count = 0;
  const AttentionShape* shape = nullptr;
  const float* layer_blocks = nullptr;
  float* out_MNH = nullptr;
  float* logsumexp_MN = nullptr;  // may be null
  float* weights = nullptr;       // working memory
};

namespace {
// Into the second-level cache, which takes more lines at once than the first.
inline void PrefetchForRead(const float* p) { __builtin_prefetch(p, 0, 2); }
inline void PrefetchForWrite(const float* p) { __builtin_prefetch(p, 1, 2); }
}  // namespace
}  // namespace r1zero::kernels
#endif  // once for all targets

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Turns T scores, padded with -inf to a multiple of 16, into weights. max + log(sum) if asked for.
HWY_INLINE void Softmax(float* HWY_RESTRICT score_T, int64_t padded_T, float* logsumexp) {
  const Floats16 d;
  const float max = Max16(score_T, padded_T);
  const float sum = Sum16(padded_T, [=](auto d, auto partial, int64_t t) HWY_ATTR {
    const auto weight = Exp(d, hn::Sub(hn::LoadU(d, score_T + t), hn::Set(d, max)));
    hn::StoreU(weight, d, score_T + t);
    return hn::Add(partial, weight);
  });
  for (int64_t t = 0; t < padded_T; t += kLanes) {
    hn::StoreU(hn::Div(hn::LoadU(d, score_T + t), hn::Set(d, sum)), d, score_T + t);
  }
  if (logsumexp != nullptr) *logsumexp = max + hn::GetLane(Log(Float1(), hn::Set(Float1(), sum)));
}

// Query heads that run together: their sums over the values hide each other's latency, and their
// keys and values of a shared prompt stay in the first-level cache from row to row.
HWY_INLINE int HeadsTogether(const AttentionShape& shape) { return shape.head_width > 32 ? 1 : 2; }

// `count` query heads of one row, from head n0 on. weights: `count` rows of num_keys floats, each
// padded to 16.
HWY_INLINE void AttendHeads(const AttentionTile& tile, int64_t m, int n0, int count) {
  const AttentionShape& shape = *tile.shape;
  const AttentionRow& row = tile.rows_M[m];
  const int64_t H = shape.head_width, num_blocks = (row.num_keys + 15) / 16;
  const int64_t last_block = (num_blocks - 1) * 16, first_value = shape.kv_heads * H * 16;
  const Blocks blocks{tile.layer_blocks, row.block_table, KvBlockFloats(shape)};
  float* out_NH = tile.out_MNH + m * shape.heads * H;
  float* logsumexp_N = tile.logsumexp_MN == nullptr ? nullptr : tile.logsumexp_MN + m * shape.heads;
  WeightedSum sums[2];
  for (int i = 0; i < count; ++i) {
    const int n = n0 + i;
    const int64_t key = n / (shape.heads / shape.kv_heads) * H * 16;
    float* score_T = tile.weights + i * num_blocks * 16;
    Scores(tile.q_MNH + m * tile.ldq + n * H, H, blocks, num_blocks, key, shape.scale, score_T);
    FillTail(score_T + last_block, row.num_keys - last_block,
             -std::numeric_limits<float>::infinity());
    Softmax(score_T, num_blocks * 16, logsumexp_N == nullptr ? nullptr : logsumexp_N + n);
    sums[i] = {score_T, first_value + key, out_NH + n * H};
  }
  SumAllValues(sums, count, blocks, H, row.num_keys, H);
}

// The blocks that the row reads and the one before it did not.
HWY_INLINE void PrefetchOwnBlocks(const AttentionTile& tile, int64_t m, int n0) {
  if (m >= tile.count) return;
  const AttentionShape& shape = *tile.shape;
  const AttentionRow &row = tile.rows_M[m], &before = tile.rows_M[m - 1];
  if (row.block_table == before.block_table) return;
  const int64_t floats = int64_t{shape.head_width} * 16;
  const int64_t key = n0 / (shape.heads / shape.kv_heads) * floats;
  const int64_t known = (before.num_keys + 15) / 16;
  for (int64_t b = 0; b < (row.num_keys + 15) / 16; ++b) {
    if (b < known && row.block_table[b] == before.block_table[b]) continue;
    const float* keys = tile.layer_blocks + row.block_table[b] * KvBlockFloats(shape) + key;
    for (int64_t i = 0; i < floats; i += 16) {
      PrefetchForRead(keys + i);
      PrefetchForRead(keys + shape.kv_heads * floats + i);
    }
  }
}

void AttendTile(const AttentionTile& tile) {
  const int together = HeadsTogether(*tile.shape);
  for (int n0 = 0; n0 < tile.shape->heads; n0 += together) {
    const int count = std::min(together, tile.shape->heads - n0);
    for (int64_t m = 0; m < tile.count; ++m) {
      for (int i = 0; i < count; ++i) PrefetchOwnBlocks(tile, m + 1, n0 + i);
      AttendHeads(tile, m, n0, count);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(AttendTile);

constexpr int64_t kRowsPerTask = 16;

}  // namespace

void RequireAttentionShape(const AttentionShape& shape) {
  Require(shape.head_width > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0,
          "attention: ", shape.heads, " query heads, ", shape.kv_heads, " key heads of width ",
          shape.head_width, "; expected a multiple of the key heads");
}

int64_t KvBlockFloats(const AttentionShape& shape) {
  return int64_t{2} * shape.kv_heads * shape.head_width * kKvBlockTokens;
}

void StoreKv(const float* k_MKH, const float* v_MKH, int64_t ld, const AttentionRow* rows_M,
             int64_t M, const AttentionShape& shape, float* layer_blocks, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t K = shape.kv_heads, H = shape.head_width;
  const auto keys_of = [&](int64_t m) {
    return layer_blocks +
           rows_M[m].block_table[(rows_M[m].num_keys - 1) / 16] * KvBlockFloats(shape);
  };
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const int64_t slot = (rows_M[m].num_keys - 1) % 16;
      float* keys_KH16 = keys_of(m);
      float* values_K16H = keys_KH16 + K * H * 16;
      // A key goes to as many cache lines as it has elements.
      const float* next_KH16 = m + 1 < end ? keys_of(m + 1) : keys_KH16;
      for (int64_t i = 0; i < K * H; ++i) {
        PrefetchForWrite(next_KH16 + i * 16);
        keys_KH16[i * 16 + slot] = k_MKH[m * ld + i];
      }
      for (int64_t kv = 0; kv < K; ++kv)
        std::copy_n(v_MKH + m * ld + kv * H, H, values_K16H + (kv * 16 + slot) * H);
    }
  });
}

// This thread's working memory for a row that sees so many keys.
static float* WeightsOf(int64_t num_keys) {
  thread_local AlignedVector<float> weights;
  const int64_t padded_T = (num_keys + 15) / 16 * 16;
  return Scratch(weights, 2 * padded_T);
}

void ReserveAttention(int64_t num_keys) { WeightsOf(num_keys); }

void Attention(const float* q_MNH, int64_t ldq, const AttentionRow* rows_M, int64_t M,
               const AttentionShape& shape, const float* layer_blocks, float* out_MNH,
               float* logsumexp_MN, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t N = shape.heads, H = shape.head_width;
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t begin = task * kRowsPerTask, count = std::min(kRowsPerTask, M - begin);
    int64_t most_keys = 0;
    for (int64_t m = begin; m < begin + count; ++m) {
      Require(rows_M[m].num_keys > 0, "attention: row ", m,
              " sees no key, expected its own at least");
      most_keys = std::max<int64_t>(most_keys, rows_M[m].num_keys);
    }
    HWY_DYNAMIC_DISPATCH(AttendTile)
    ({.q_MNH = q_MNH + begin * ldq,
      .ldq = ldq,
      .rows_M = rows_M + begin,
      .count = count,
      .shape = &shape,
      .layer_blocks = layer_blocks,
      .out_MNH = out_MNH + begin * N * H,
      .logsumexp_MN = logsumexp_MN == nullptr ? nullptr : logsumexp_MN + begin * N,
      .weights = WeightsOf(most_keys)});
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
