// The two inner products of attention, shared by its forward and its backward.
//
// Sixteen keys are one V16 (one AVX-512 register, two of AVX2, four of NEON). Several accumulators
// run at once to hide the latency of the multiply-add; each is still one fixed sequence.
//
// Include after math-inl.h, inside the same rules.
#if defined(R1ZERO_KERNELS_ATTENTION_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef R1ZERO_KERNELS_ATTENTION_INL_H_
#undef R1ZERO_KERNELS_ATTENTION_INL_H_
#else
#define R1ZERO_KERNELS_ATTENTION_INL_H_
#endif

#include <algorithm>
#include <cstdint>
#include <limits>

#include "hwy/highway.h"
#include "kernels/attention.h"
#include "kernels/math-inl.h"
#include "kernels/matmul_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

using V = hn::Vec<Floats16>;
inline constexpr int kParts = kVectorsPerPanel;  // vectors in 16 floats

// Where the blocks of 16 tokens lie: in the order of a table, or one after another without one.
// E is what the blocks hold: float or Bfloat16.
template <typename E>
struct Blocks {
  const E* base;
  const int32_t* table;  // may be null
  int64_t stride;        // elements from one block to the next
  HWY_INLINE const E* operator[](int64_t b) const {
    return base + (table != nullptr ? table[b] : b) * stride;
  }
};

// Where vector v of a row lies in panels of 16 tokens by 16 columns (or, for one panel, in 16 floats).
constexpr int64_t InPanels(int64_t v) { return v * kLanes / 16 * 256 + v * kLanes % 16; }

// The first n > 0 floats at p, then zeros. Where a masked access is a whole one (NEON), what lies behind
// them belongs to another thread's row, or to nobody: they go by way of the stack.
HWY_INLINE V LoadN(const float* HWY_RESTRICT p, int64_t n) {
  const Floats16 d;
  if (n >= kLanes) return hn::LoadU(d, p);
  if (!HWY_MEM_OPS_MIGHT_FAULT) return hn::MaskedLoad(hn::FirstN(d, static_cast<size_t>(n)), d, p);
  HWY_ALIGN float lanes[kLanes] = {};
  std::copy_n(p, n, lanes);
  return hn::Load(d, lanes);
}
HWY_INLINE void StoreN(V v, float* HWY_RESTRICT p, int64_t n) {
  const Floats16 d;
  if (n >= kLanes) return hn::StoreU(v, d, p);
  if (!HWY_MEM_OPS_MIGHT_FAULT)
    return hn::BlendedStore(v, hn::FirstN(d, static_cast<size_t>(n)), d, p);
  HWY_ALIGN float lanes[kLanes];
  hn::Store(v, d, lanes);
  std::copy_n(lanes, n, p);
}

// Named vectors instead of an array: GCC keeps them in registers.
template <int kCount, int kIndex = 0>
struct Vectors {
  V first;
  Vectors<kCount - 1, kIndex + 1> rest;
  HWY_INLINE Vectors() : first(hn::Zero(Floats16())) {}

  // this += x * (what lies in panels from p on).
  template <typename E>
  HWY_INLINE void MulAdd(V x, const E* HWY_RESTRICT p) {
    first = hn::MulAdd(x, LoadPanel(p + InPanels(kIndex)), first);
    rest.MulAdd(x, p);
  }
  HWY_INLINE void Load(const float* HWY_RESTRICT p, int64_t n) {
    first = LoadN(p, n);
    rest.Load(p + kLanes, n - kLanes);
  }
  HWY_INLINE void Store(float* HWY_RESTRICT p) const {
    hn::StoreU(first, Floats16(), p);
    rest.Store(p + kLanes);
  }
  // Of the first n floats; nothing behind them is touched.
  HWY_INLINE void Store(float* HWY_RESTRICT p, int64_t n) const {
    StoreN(first, p, n);
    rest.Store(p + kLanes, n - kLanes);
  }
  HWY_INLINE void Scale(V x) {
    first = hn::Mul(first, x);
    rest.Scale(x);
  }
};
template <int kIndex>
struct Vectors<0, kIndex> {
  HWY_INLINE Vectors() {}
  template <typename E>
  HWY_INLINE void MulAdd(V, const E*) {}
  HWY_INLINE void Load(const float*, int64_t) {}
  HWY_INLINE void Store(float*) const {}
  HWY_INLINE void Store(float*, int64_t) const {}
  HWY_INLINE void Scale(V) {}
};

// kBlocks neighbouring blocks of keys and the scores of their tokens.
template <typename E, int kBlocks>
struct BlockScores {
  const E* HWY_RESTRICT keys;
  Vectors<kParts> scores;
  BlockScores<E, kBlocks - 1> rest;

  HWY_INLINE BlockScores(const Blocks<E>& blocks, int64_t b, int64_t offset)
      : keys(blocks[b] + offset), rest(blocks, b + 1, offset) {}
  HWY_INLINE void MulAdd(V q, int64_t h) {
    scores.MulAdd(q, keys + h * 16);
    rest.MulAdd(q, h);
  }
  HWY_INLINE void Store(V scale, float* HWY_RESTRICT score_T) {
    scores.Scale(scale);
    scores.Store(score_T);
    rest.Store(scale, score_T + 16);
  }
};
template <typename E>
struct BlockScores<E, 0> {
  HWY_INLINE BlockScores(const Blocks<E>&, int64_t, int64_t) {}
  HWY_INLINE void MulAdd(V, int64_t) {}
  HWY_INLINE void Store(V, float*) {}
};

template <int kBlocks, typename E>
HWY_INLINE void ScoreBlocks(const float* HWY_RESTRICT q_H, int64_t H, const Blocks<E>& keys,
                            int64_t b, int64_t offset, float scale, float* HWY_RESTRICT score_T) {
  BlockScores<E, kBlocks> scores(keys, b, offset);
  for (int64_t h = 0; h < H; ++h) scores.MulAdd(hn::Set(Floats16(), q_H[h]), h);
  scores.Store(hn::Set(Floats16(), scale), score_T + b * 16);
}

// score[t] = scale * (q . k[t]) for all tokens of blocks [b, num_blocks), each block holding its keys
// [H][16] from `offset` on. h ascending, one accumulator a token.
template <typename E>
HWY_INLINE void Scores(const float* HWY_RESTRICT q_H, int64_t H, const Blocks<E>& keys, int64_t b,
                       int64_t num_blocks, int64_t offset, float scale,
                       float* HWY_RESTRICT score_T) {
  if constexpr (kParts == 1) {
    for (; b + 8 <= num_blocks; b += 8) ScoreBlocks<8>(q_H, H, keys, b, offset, scale, score_T);
    switch (num_blocks - b) {
      case 7: return ScoreBlocks<7>(q_H, H, keys, b, offset, scale, score_T);
      case 6: return ScoreBlocks<6>(q_H, H, keys, b, offset, scale, score_T);
      case 5: return ScoreBlocks<5>(q_H, H, keys, b, offset, scale, score_T);
    }
  }
  for (; b + 4 <= num_blocks; b += 4) ScoreBlocks<4>(q_H, H, keys, b, offset, scale, score_T);
  switch (num_blocks - b) {
    case 3: return ScoreBlocks<3>(q_H, H, keys, b, offset, scale, score_T);
    case 2: return ScoreBlocks<2>(q_H, H, keys, b, offset, scale, score_T);
    case 1: return ScoreBlocks<1>(q_H, H, keys, b, offset, scale, score_T);
  }
}

// One weighted sum over tokens: out[h] += sum_t weight[t] * value[t, h], t ascending.
struct WeightedSum {
  const float* weight_T;
  int64_t offset;  // of the first value in a block
  float* out_H;
};

// Columns [begin, begin + kCount vectors), of which n exist, of kSums weighted sums at once.
template <int kSums, int kCount, typename E>
HWY_INLINE void SumColumns(const WeightedSum* sums, const Blocks<E>& values, int64_t first_token,
                           int64_t num_tokens, int64_t begin, int64_t n) {
  static_assert(kSums == 1 || kSums == 2);
  Vectors<kCount> sum0, sum1;
  if (first_token > 0) {
    sum0.Load(sums[0].out_H + begin, n);
    if constexpr (kSums == 2) sum1.Load(sums[1].out_H + begin, n);
  }
  for (int64_t t0 = first_token; t0 < num_tokens; t0 += 16) {
    const E* block = values[t0 / 16] + begin * 16;
    const E* HWY_RESTRICT value0 = block + sums[0].offset;
    const E* HWY_RESTRICT value1 = block + sums[kSums - 1].offset;
    const float* HWY_RESTRICT weight0 = sums[0].weight_T + t0;
    const float* HWY_RESTRICT weight1 = sums[kSums - 1].weight_T + t0;
    const int64_t tokens = std::min<int64_t>(16, num_tokens - t0);
    for (int64_t t = 0; t < tokens; ++t) {
      sum0.MulAdd(hn::Set(Floats16(), weight0[t]), value0 + t * 16);
      if constexpr (kSums == 2) sum1.MulAdd(hn::Set(Floats16(), weight1[t]), value1 + t * 16);
    }
  }
  sum0.Store(sums[0].out_H + begin, n);
  if constexpr (kSums == 2) sum1.Store(sums[1].out_H + begin, n);
}

// kSums weighted sums over the tokens from first_token (a multiple of 16) on: from zero if that is 0,
// else from what is in out. Values lie in panels of 16 columns, [16 tokens][16], zero-padded.
template <int kSums, typename E>
HWY_INLINE void SumValues(const WeightedSum* sums, const Blocks<E>& values, int64_t first_token,
                          int64_t num_tokens, int64_t H) {
  const int64_t vectors = (H + kLanes - 1) / kLanes;
  for (int64_t v = 0; v < vectors; v += 4) {
    const int64_t begin = v * kLanes, n = H - begin;
    switch (std::min<int64_t>(4, vectors - v)) {
      case 1: SumColumns<kSums, 1>(sums, values, first_token, num_tokens, begin, n); break;
      case 2: SumColumns<kSums, 2>(sums, values, first_token, num_tokens, begin, n); break;
      case 3: SumColumns<kSums, 3>(sums, values, first_token, num_tokens, begin, n); break;
      case 4: SumColumns<kSums, 4>(sums, values, first_token, num_tokens, begin, n); break;
    }
  }
}

// Writes `value` over x[valid .. 16) of a block of 16.
HWY_INLINE void FillTail(float* HWY_RESTRICT x_16, int64_t valid, float value) {
  const Floats16 d;
  for (int64_t i = 0; i < 16; i += kLanes) {
    const auto keep = hn::FirstN(d, std::clamp<int64_t>(valid - i, 0, kLanes));
    hn::StoreU(hn::IfThenElse(keep, hn::LoadU(d, x_16 + i), hn::Set(d, value)), d, x_16 + i);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#endif  // per-target include guard
