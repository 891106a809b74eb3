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

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

using V = hn::Vec<Floats16>;
inline constexpr int64_t kLanes = hn::MaxLanes(Floats16());
inline constexpr int64_t kParts = 16 / kLanes;  // vectors in 16 floats

// Where the blocks of 16 tokens lie: in the order of a table, or one after another without one.
struct Blocks {
  const float* base;
  const int32_t* table;  // may be null
  int64_t stride;        // floats from one block to the next
  HWY_INLINE const float* operator[](int64_t b) const {
    return base + (table != nullptr ? table[b] : b) * stride;
  }
};

// Named vectors instead of an array: GCC keeps them in registers.
template <int kCount>
struct Vectors {
  V first;
  Vectors<kCount - 1> rest;
  HWY_INLINE Vectors() : first(hn::Zero(Floats16())) {}

  // this += x * p[0 ..), vector by vector.
  HWY_INLINE void MulAdd(V x, const float* HWY_RESTRICT p) {
    first = hn::MulAdd(x, hn::LoadU(Floats16(), p), first);
    rest.MulAdd(x, p + kLanes);
  }
  // The same where only the first `last` lanes of the last vector exist.
  HWY_INLINE void MulAddTail(V x, const float* HWY_RESTRICT p, hn::Mask<Floats16> last) {
    if constexpr (kCount == 1) {
      first = hn::MulAdd(x, hn::MaskedLoad(last, Floats16(), p), first);
    } else {
      first = hn::MulAdd(x, hn::LoadU(Floats16(), p), first);
      rest.MulAddTail(x, p + kLanes, last);
    }
  }
  HWY_INLINE void Store(float* HWY_RESTRICT p) const {
    hn::StoreU(first, Floats16(), p);
    rest.Store(p + kLanes);
  }
  HWY_INLINE void StoreTail(float* HWY_RESTRICT p, hn::Mask<Floats16> last) const {
    if constexpr (kCount == 1) {
      hn::BlendedStore(first, last, Floats16(), p);
    } else {
      hn::StoreU(first, Floats16(), p);
      rest.StoreTail(p + kLanes, last);
    }
  }
  HWY_INLINE void Scale(V x) {
    first = hn::Mul(first, x);
    rest.Scale(x);
  }
};
template <>
struct Vectors<0> {
  HWY_INLINE Vectors() {}
  HWY_INLINE void MulAdd(V, const float*) {}
  HWY_INLINE void Store(float*) const {}
  HWY_INLINE void Scale(V) {}
};

// kBlocks neighbouring blocks of keys and the scores of their tokens.
template <int kBlocks>
struct BlockScores {
  const float* HWY_RESTRICT keys;
  Vectors<kParts> scores;
  BlockScores<kBlocks - 1> rest;

  HWY_INLINE BlockScores(const Blocks& blocks, int64_t b, int64_t offset)
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
template <>
struct BlockScores<0> {
  HWY_INLINE BlockScores(const Blocks&, int64_t, int64_t) {}
  HWY_INLINE void MulAdd(V, int64_t) {}
  HWY_INLINE void Store(V, float*) {}
};

template <int kBlocks>
HWY_INLINE void ScoreBlocks(const float* HWY_RESTRICT q_H, int64_t H, const Blocks& keys, int64_t b,
                            int64_t offset, float scale, float* HWY_RESTRICT score_T) {
  BlockScores<kBlocks> scores(keys, b, offset);
  for (int64_t h = 0; h < H; ++h) scores.MulAdd(hn::Set(Floats16(), q_H[h]), h);
  scores.Store(hn::Set(Floats16(), scale), score_T + b * 16);
}

// score[t] = scale * (q . k[t]) for all tokens of the first num_blocks blocks, each block holding
// its keys [H][16] from `offset` on. h ascending, one accumulator a token.
HWY_INLINE void Scores(const float* HWY_RESTRICT q_H, int64_t H, const Blocks& keys,
                       int64_t num_blocks, int64_t offset, float scale,
                       float* HWY_RESTRICT score_T) {
  int64_t b = 0;
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

// One weighted sum over tokens: out[h] = sum_t weight[t] * value[t, h], t ascending.
struct WeightedSum {
  const float* weight_T;
  int64_t offset;  // of the first value in a block
  float* out_H;
};

// Columns [begin, begin + kCount vectors) of kSums weighted sums at once.
template <int kSums, int kCount, bool kTail>
HWY_INLINE void SumColumns(const WeightedSum* sums, const Blocks& values, int64_t ld,
                           int64_t num_tokens, int64_t begin, hn::Mask<Floats16> last) {
  static_assert(kSums == 1 || kSums == 2);
  Vectors<kCount> sum0, sum1;
  for (int64_t t0 = 0; t0 < num_tokens; t0 += 16) {
    const float* block = values[t0 / 16] + begin;
    const float* HWY_RESTRICT value0 = block + sums[0].offset;
    const float* HWY_RESTRICT value1 = block + sums[kSums - 1].offset;
    const float* HWY_RESTRICT weight0 = sums[0].weight_T + t0;
    const float* HWY_RESTRICT weight1 = sums[kSums - 1].weight_T + t0;
    const int64_t tokens = std::min<int64_t>(16, num_tokens - t0);
    for (int64_t t = 0; t < tokens; ++t) {
      const V x0 = hn::Set(Floats16(), weight0[t]);
      if constexpr (kTail) sum0.MulAddTail(x0, value0 + t * ld, last);
      if constexpr (!kTail) sum0.MulAdd(x0, value0 + t * ld);
      if constexpr (kSums == 2) {
        const V x1 = hn::Set(Floats16(), weight1[t]);
        if constexpr (kTail) sum1.MulAddTail(x1, value1 + t * ld, last);
        if constexpr (!kTail) sum1.MulAdd(x1, value1 + t * ld);
      }
    }
  }
  if constexpr (kTail) {
    sum0.StoreTail(sums[0].out_H + begin, last);
    if constexpr (kSums == 2) sum1.StoreTail(sums[1].out_H + begin, last);
  } else {
    sum0.Store(sums[0].out_H + begin);
    if constexpr (kSums == 2) sum1.Store(sums[1].out_H + begin);
  }
}

template <int kSums, bool kTail>
HWY_INLINE void SumColumns(int64_t count, const WeightedSum* sums, const Blocks& values, int64_t ld,
                           int64_t num_tokens, int64_t begin, hn::Mask<Floats16> last) {
  switch (count) {
    case 1: return SumColumns<kSums, 1, kTail>(sums, values, ld, num_tokens, begin, last);
    case 2: return SumColumns<kSums, 2, kTail>(sums, values, ld, num_tokens, begin, last);
    case 3: return SumColumns<kSums, 3, kTail>(sums, values, ld, num_tokens, begin, last);
    case 4: return SumColumns<kSums, 4, kTail>(sums, values, ld, num_tokens, begin, last);
  }
}

// kSums weighted sums over the same tokens. Value rows are `ld` apart within a block.
template <int kSums>
HWY_INLINE void SumValues(const WeightedSum* sums, const Blocks& values, int64_t ld,
                          int64_t num_tokens, int64_t H) {
  const int64_t tail = H % kLanes;
  const auto last = hn::FirstN(Floats16(), tail);
  const int64_t vectors = (H + kLanes - 1) / kLanes;
  for (int64_t v = 0; v < vectors; v += 4) {
    const int64_t count = std::min<int64_t>(4, vectors - v);
    if (tail != 0 && v + count == vectors) {
      SumColumns<kSums, true>(count, sums, values, ld, num_tokens, v * kLanes, last);
    } else {
      SumColumns<kSums, false>(count, sums, values, ld, num_tokens, v * kLanes, last);
    }
  }
}

// All of `sums`, two at a time.
HWY_INLINE void SumAllValues(const WeightedSum* sums, int64_t count, const Blocks& values,
                             int64_t ld, int64_t num_tokens, int64_t H) {
  int64_t i = 0;
  for (; i + 2 <= count; i += 2) SumValues<2>(sums + i, values, ld, num_tokens, H);
  if (i < count) SumValues<1>(sums + i, values, ld, num_tokens, H);
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
