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

// Some rows of an attention, for one thread. E is what the KV blocks hold.
template <typename E>
struct AttentionTile {
  const float* q_MNH = nullptr;
  int64_t ldq = 0;
  const AttentionRow* rows_M = nullptr;
  int64_t count = 0;
  const AttentionShape* shape = nullptr;
  const E* layer_blocks = nullptr;
  float* out_MNH = nullptr;
  float* logsumexp_MN = nullptr;  // may be null
  float* weights = nullptr;       // working memory: kMostHeadsTogether * kRowsPerTask rows,
  int64_t ld_weights = 0;         // so far apart
  ReadAhead* ahead = nullptr;     // may be null
};

namespace {
constexpr int64_t kRowsPerTask = 16;
constexpr int64_t kMostHeadsTogether = 4;

inline int64_t FullBlocks(const AttentionRow& row) { return row.num_keys / 16; }
// Into the second-level cache, which takes more lines at once than the first.
inline void PrefetchForRead(const void* p) { __builtin_prefetch(p, 0, 2); }
}  // namespace
}  // namespace r1zero::kernels
#endif  // once for all targets

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// score[t] becomes exp(score[t] - max), for T scores padded with -inf to a multiple of 16; their sum.
HWY_INLINE float ExpScores(float* HWY_RESTRICT score_T, int64_t padded_T, float max) {
  return Sum16(padded_T, [=](auto d, auto partial, int64_t t) HWY_ATTR {
    const auto weight = Exp(d, hn::Sub(hn::LoadU(d, score_T + t), hn::Set(d, max)));
    hn::StoreU(weight, d, score_T + t);
    return hn::Add(partial, weight);
  });
}
HWY_INLINE void DivideBy(float sum, float* HWY_RESTRICT weight_T, int64_t padded_T) {
  const Floats16 d;
  for (int64_t t = 0; t < padded_T; t += kLanes)
    hn::StoreU(hn::Div(hn::LoadU(d, weight_T + t), hn::Set(d, sum)), d, weight_T + t);
}

constexpr int64_t kLeastRowsOfARun = 3;

// Rows [first, first + rows) that all see the whole of the same first blocks.
struct Run {
  int64_t first = 0, rows = 1, blocks = 0;
};

// The rows from `first` on that share most of their blocks, or one row alone where that would not
// pay; none behind the last.
template <typename E>
HWY_INLINE Run RunFrom(const AttentionTile<E>& tile, int64_t first) {
  if (first >= tile.count) return {first, 0, 0};
  const AttentionRow& row = tile.rows_M[first];
  Run run{first, 1, FullBlocks(row)};
  for (; first + run.rows < tile.count; ++run.rows) {
    const AttentionRow& next = tile.rows_M[first + run.rows];
    const int64_t shared = CommonBlocks(row, next, std::min(run.blocks, FullBlocks(next)));
    if (shared == 0 || 2 * shared < run.blocks) break;
    run.blocks = shared;
  }
  if (run.rows < kLeastRowsOfARun || run.blocks == 0) return {first, 1, 0};
  return run;
}

// Query heads that run together: two hide the latency of each other's sums over the values, four read
// the keys of a block, then its values, in the order in which they lie in memory. The keys and values of
// a shared prompt stay in the first-level cache from row to row, and so should the weights.
template <typename E>
HWY_INLINE int HeadsTogether(const AttentionTile<E>& tile, const Run& run) {
  constexpr int64_t kWeightsOfFour = 16384;
  if (tile.shape->head_width > 32) return 1;
  return kMostHeadsTogether * run.rows * tile.ld_weights > kWeightsOfFour ? 2 : kMostHeadsTogether;
}

// The heads [n0, n0 + count) of some rows; weights_T of head n0 + i and row r at
// weights + (i * rows + r) * ld.
template <typename E>
class HeadsOfRows {
 public:
  HeadsOfRows(const AttentionTile<E>& tile, const Run& run, int n0, int count)
      : tile_(tile), shape_(*tile.shape), run_(run), n0_(n0), count_(count) {}

  void Attend() {
    for (int i = 0; i < count_ && run_.blocks > 0; ++i) ScoreShared(i);
    for (int64_t r = 0; r < run_.rows; ++r) WeighRow(r);
    for (int i = 0; i < count_ && run_.blocks > 0; ++i) SumShared(i);
    for (int64_t r = 0; r < run_.rows; ++r) SumOwn(r);
  }

 private:
  int64_t KvHead(int i) const { return (n0_ + i) / (shape_.heads / shape_.kv_heads); }
  int64_t KeyOffset(int i) const { return KvHead(i) * shape_.head_width * 16; }
  int64_t ValueOffset(int i) const {
    return int64_t{shape_.kv_heads} * shape_.head_width * 16 + KvHead(i) * KvValueSize(shape_);
  }
  const AttentionRow& RowOf(int64_t r) const { return tile_.rows_M[run_.first + r]; }
  Blocks<E> BlocksOf(int64_t r) const {
    return {tile_.layer_blocks, RowOf(r).block_table, KvBlockSize(shape_)};
  }
  const float* Query(int64_t r, int i) const {
    return tile_.q_MNH + (run_.first + r) * tile_.ldq + (n0_ + i) * shape_.head_width;
  }
  float* Out(int64_t r, int i) const {
    return tile_.out_MNH + ((run_.first + r) * shape_.heads + n0_ + i) * shape_.head_width;
  }
  float* Weights(int64_t r, int i) const {
    return tile_.weights + (i * run_.rows + r) * tile_.ld_weights;
  }

  // Two blocks at a time: two panels, however far apart they lie.
  void ScoreShared(int i) {
    const Blocks<E> blocks = BlocksOf(0);
    for (int64_t b = 0; b < run_.blocks; b += 2) {
      const bool is_pair = b + 1 < run_.blocks;
      MultiplyRows<E>({.a = Query(0, i),
                       .lda = tile_.ldq,
                       .rows = run_.rows,
                       .b = blocks[b] + KeyOffset(i),
                       .panel_stride = is_pair ? blocks[b + 1] - blocks[b] : 0,
                       .steps = shape_.head_width,
                       .y = Weights(0, i) + b * 16,
                       .ldy = tile_.ld_weights,
                       .columns = is_pair ? 32 : 16});
    }
    for (int64_t r = 0; r < run_.rows; ++r) ScaleRow(Weights(r, i));
  }
  void ScaleRow(float* score_T) {
    const Floats16 d;
    for (int64_t t = 0; t < run_.blocks * 16; t += kLanes)
      hn::StoreU(hn::Mul(hn::LoadU(d, score_T + t), hn::Set(d, shape_.scale)), d, score_T + t);
  }

  // Scores of the row's own blocks, then the weights of all. Step by step for all heads, each of which
  // would wait for its own sums.
  void WeighRow(int64_t r) {
    const AttentionRow& row = RowOf(r);
    const int64_t num_blocks = (row.num_keys + 15) / 16, last_block = (num_blocks - 1) * 16;
    float max[kMostHeadsTogether], sum[kMostHeadsTogether];
    for (int i = 0; i < count_; ++i) {
      Scores(Query(r, i), shape_.head_width, BlocksOf(r), run_.blocks, num_blocks, KeyOffset(i),
             shape_.scale, Weights(r, i));
      FillTail(Weights(r, i) + last_block, row.num_keys - last_block,
               -std::numeric_limits<float>::infinity());
    }
    for (int i = 0; i < count_; ++i) max[i] = Max16(Weights(r, i), num_blocks * 16);
    for (int i = 0; i < count_; ++i) sum[i] = ExpScores(Weights(r, i), num_blocks * 16, max[i]);
    for (int i = 0; i < count_; ++i) DivideBy(sum[i], Weights(r, i), num_blocks * 16);
    if (tile_.logsumexp_MN == nullptr) return;
    float* logsumexp_N = tile_.logsumexp_MN + (run_.first + r) * shape_.heads + n0_;
    for (int i = 0; i < count_; ++i)
      logsumexp_N[i] = max[i] + hn::GetLane(Log(Float1(), hn::Set(Float1(), sum[i])));
  }

  void SumShared(int i) {
    const Blocks<E> blocks = BlocksOf(0);
    for (int64_t b = 0; b < run_.blocks; ++b) {
      MultiplyRows<E>({.a = Weights(0, i) + b * 16,
                       .lda = tile_.ld_weights,
                       .rows = run_.rows,
                       .b = blocks[b] + ValueOffset(i),
                       .panel_stride = 256,
                       .steps = 16,
                       .y = Out(0, i),
                       .ldy = int64_t{shape_.heads} * shape_.head_width,
                       .columns = shape_.head_width,
                       .from_zero = b == 0});
    }
  }

  void SumOwn(int64_t r) {
    const int64_t first_token = run_.blocks * 16, num_keys = RowOf(r).num_keys;
    if (first_token >= num_keys) return;
    for (int i = 0; i < count_; i += 2) {
      const WeightedSum sums[] = {SumOf(r, i), SumOf(r, std::min(i + 1, count_ - 1))};
      if (i + 1 < count_)
        SumValues<2>(sums, BlocksOf(r), first_token, num_keys, shape_.head_width);
      else
        SumValues<1>(sums, BlocksOf(r), first_token, num_keys, shape_.head_width);
    }
  }
  WeightedSum SumOf(int64_t r, int i) const { return {Weights(r, i), ValueOffset(i), Out(r, i)}; }

  const AttentionTile<E>& tile_;
  const AttentionShape& shape_;
  const Run run_;
  const int n0_, count_;
};

// The blocks of `run` that the rows before have not read.
template <typename E>
HWY_INLINE void PrefetchOwnBlocks(const AttentionTile<E>& tile, const Run& run, int n) {
  constexpr int64_t kLine = 64 / sizeof(E);
  const AttentionShape& shape = *tile.shape;
  const int64_t kv_head = n / (shape.heads / shape.kv_heads);
  const int64_t key_floats = int64_t{shape.head_width} * 16, value_floats = KvValueSize(shape);
  for (int64_t m = run.first; m < run.first + run.rows; ++m) {
    const AttentionRow& row = tile.rows_M[m];
    if (m > 0 && row.block_table == tile.rows_M[m - 1].block_table) continue;
    for (int64_t b = run.blocks; b < (row.num_keys + 15) / 16; ++b) {
      const E* keys = tile.layer_blocks + row.block_table[b] * KvBlockSize(shape);
      const E* values = keys + shape.kv_heads * key_floats + kv_head * value_floats;
      keys += kv_head * key_floats;
      for (int64_t i = 0; i < key_floats; i += kLine) PrefetchForRead(keys + i);
      for (int64_t i = 0; i < value_floats; i += kLine) PrefetchForRead(values + i);
    }
  }
}

// What the plan wants next, `lines` lines of it.
HWY_INLINE void PrefetchPlanned(ReadAhead& ahead, int64_t lines) {
  while (lines > 0) {
    const ReadAhead::Lines next = ahead.Take(lines);
    if (next.count == 0) return;
    for (int64_t i = 0; i < next.count; ++i)
      PrefetchForRead(next.first + i * ReadAhead::kLineFloats);
    lines -= next.count;
  }
}

template <typename E>
void Attend(const AttentionTile<E>& tile) {
  const int heads = tile.shape->heads;
  for (Run run = RunFrom(tile, 0), next; run.rows > 0; run = next) {
    next = RunFrom(tile, run.first + run.rows);
    if (tile.ahead != nullptr) tile.ahead->Reach(run.rows);
    const int together = HeadsTogether(tile, run);
    for (int n0 = 0; n0 < heads; n0 += together) {
      const int count = std::min(together, heads - n0);
      if (tile.ahead != nullptr) {
        PrefetchPlanned(*tile.ahead, run.rows * count * tile.shape->head_width);
      } else {
        for (int i = 0; i < count; ++i) PrefetchOwnBlocks(tile, next, n0 + i);
      }
      HeadsOfRows<E>(tile, run, n0, count).Attend();
    }
  }
}

void AttendFloat32(const AttentionTile<float>& tile) { Attend(tile); }
void AttendBfloat16(const AttentionTile<Bfloat16>& tile) { Attend(tile); }

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(AttendFloat32);
HWY_EXPORT(AttendBfloat16);

void Attend(const AttentionTile<float>& tile) { HWY_DYNAMIC_DISPATCH(AttendFloat32)(tile); }
void Attend(const AttentionTile<Bfloat16>& tile) { HWY_DYNAMIC_DISPATCH(AttendBfloat16)(tile); }

}  // namespace

void RequireAttentionShape(const AttentionShape& shape) {
  Require(shape.head_width > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0,
          "attention: ", shape.heads, " query heads, ", shape.kv_heads, " key heads of width ",
          shape.head_width, "; expected a multiple of the key heads");
}

static int64_t PaddedKeys(int64_t num_keys) { return (num_keys + 15) / 16 * 16; }

// This thread's working memory for rows that see so many keys.
static float* WeightsOf(int64_t num_keys) {
  thread_local AlignedVector<float> weights;
  return Scratch(weights, kMostHeadsTogether * kRowsPerTask * PaddedKeys(num_keys));
}

void ReserveAttention(int64_t num_keys) { WeightsOf(num_keys); }

template <typename E>
void Attention(const float* q_MNH, int64_t ldq, const AttentionRow* rows_M, int64_t M,
               const AttentionShape& shape, const E* layer_blocks, float* out_MNH,
               float* logsumexp_MN, ThreadPool& pool, ReadAhead* ahead) {
  RequireAttentionShape(shape);
  Require(ahead == nullptr || pool.threads() == 1, "attention: a plan to read ahead and ",
          pool.threads(), " threads; expected one");
  const int64_t N = shape.heads, H = shape.head_width;
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t begin = task * kRowsPerTask, count = std::min(kRowsPerTask, M - begin);
    int64_t most_keys = 0;
    for (int64_t m = begin; m < begin + count; ++m) {
      Require(rows_M[m].num_keys > 0, "attention: row ", m,
              " sees no key, expected its own at least");
      most_keys = std::max<int64_t>(most_keys, rows_M[m].num_keys);
    }
    Attend(AttentionTile<E>{
        .q_MNH = q_MNH + begin * ldq,
        .ldq = ldq,
        .rows_M = rows_M + begin,
        .count = count,
        .shape = &shape,
        .layer_blocks = layer_blocks,
        .out_MNH = out_MNH + begin * N * H,
        .logsumexp_MN = logsumexp_MN == nullptr ? nullptr : logsumexp_MN + begin * N,
        .weights = WeightsOf(most_keys),
        .ld_weights = PaddedKeys(most_keys),
        .ahead = ahead});
  });
}

template void Attention(const float*, int64_t, const AttentionRow*, int64_t, const AttentionShape&,
                        const float*, float*, float*, ThreadPool&, ReadAhead*);
template void Attention(const float*, int64_t, const AttentionRow*, int64_t, const AttentionShape&,
                        const Bfloat16*, float*, float*, ThreadPool&, ReadAhead*);

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
