#include "kernels/attention.h"

#include <gmock/gmock.h>

#include <limits>
#include <numeric>

#include "common/error.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kTokens = 200;

// The keys and values of one sequence in shuffled blocks. What was never stored is NaN, so that a
// kernel which reads it is found out.
struct PagedKv {
  PagedKv(const AttentionShape& shape, uint32_t seed)
      : table((kTokens + 15) / 16),
        blocks(table.size() * KvBlockSize(shape), std::numeric_limits<float>::quiet_NaN()) {
    std::iota(table.begin(), table.end(), 0);
    std::shuffle(table.begin(), table.end(), std::mt19937(seed));
    for (int64_t t = 0; t < kTokens; ++t)
      rows.push_back({.block_table = table.data(), .num_keys = static_cast<int32_t>(t + 1)});
  }
  std::vector<int32_t> table;
  AlignedVector<float> blocks;
  std::vector<AttentionRow> rows;  // one a token
};

struct Heads {
  int heads, kv_heads, head_width;
};
void PrintTo(const Heads& h, std::ostream* out) {
  *out << h.heads << " heads, " << h.kv_heads << " key heads of " << h.head_width;
}

class AttentionWith : public testing::TestWithParam<Heads> {
 protected:
  const int N = GetParam().heads, K = GetParam().kv_heads, H = GetParam().head_width;
  const AttentionShape shape{
      .heads = N, .kv_heads = K, .head_width = H, .scale = 1 / std::sqrt(static_cast<float>(H))};
  const int64_t ld = (N + 2 * K) * H;  // one qkv buffer
  const Floats qkv = RandomFloats(kTokens * ld, 1, 2);
  ThreadPool pool;

  struct Result {
    Floats out, logsumexp;
    bool operator==(const Result& other) const {
      return SameBits(out, other.out) && SameBits(logsumexp, other.logsumexp);
    }
  };

  Result Empty() const { return {Floats(kTokens * N * H), Floats(kTokens * N)}; }
  void Store(int64_t begin, int64_t end, PagedKv& kv, ThreadPool& pool) const {
    const float* k = &qkv[begin * ld + N * H];
    StoreKv(k, k + K * H, ld, &kv.rows[begin], end - begin, shape, kv.blocks.data(), pool);
  }
  void Attend(int64_t begin, int64_t end, const PagedKv& kv, Result& result,
              ThreadPool& pool) const {
    Attention(&qkv[begin * ld], ld, &kv.rows[begin], end - begin, shape, kv.blocks.data(),
              &result.out[begin * N * H], &result.logsumexp[begin * N], pool);
  }
  // The whole sequence in steps of `chunk` tokens, each stored and then attended.
  Result InChunksOf(int64_t chunk, uint32_t table_seed, ThreadPool& pool) const {
    PagedKv kv(shape, table_seed);
    Result result = Empty();
    for (int64_t begin = 0; begin < kTokens; begin += chunk) {
      const int64_t end = std::min(kTokens, begin + chunk);
      Store(begin, end, kv, pool);
      Attend(begin, end, kv, result, pool);
    }
    return result;
  }

  reference::Matrix Columns(const reference::Matrix& x, int64_t begin, int64_t width) const {
    reference::Matrix part;
    for (size_t row = 0; row < x.size(); row += ld)
      part.insert(part.end(), &x[row + begin], &x[row + begin] + width);
    return part;
  }
  reference::Matrix Reference(const reference::Matrix& x) const {
    return reference::Attention(Columns(x, 0, N * H), Columns(x, N * H, K * H),
                                Columns(x, (N + K) * H, K * H), x.size() / ld, N, K, H,
                                shape.scale);
  }
};
INSTANTIATE_TEST_SUITE_P(, AttentionWith,
                         testing::Values(Heads{4, 4, 24}, Heads{1, 1, 16}, Heads{9, 3, 64},
                                         Heads{8, 1, 128}, Heads{7, 7, 10}, Heads{6, 3, 24},
                                         Heads{2, 1, 34}, Heads{3, 1, 96}, Heads{5, 5, 2}));

TEST_P(AttentionWith, MatchesTheReferenceAtEveryLength) {
  ExpectNear(InChunksOf(kTokens, 1, pool).out, Reference(ToDouble(qkv)), 3e-6);
}

TEST_P(AttentionWith, LogSumExpIsThatOfTheScores) {
  const Result result = InChunksOf(kTokens, 1, pool);
  for (int64_t m = 0; m < kTokens; m += 13) {
    for (int n = 0; n < N; ++n) {
      double sum = 0;
      for (int64_t t = 0; t <= m; ++t) {
        double score = 0;
        const float* k = &qkv[t * ld + (N + n / (N / K)) * H];
        for (int h = 0; h < H; ++h) score += shape.scale * double{qkv[m * ld + n * H + h]} * k[h];
        sum += std::exp(score);
      }
      EXPECT_NEAR(result.logsumexp[m * N + n], std::log(sum), 2e-6 * std::max(1.0, std::log(sum)));
    }
  }
}

TEST_P(AttentionWith, PrefillChunksAndTokenByTokenHaveTheSameBits) {
  const Result prefill = InChunksOf(kTokens, 1, pool);
  for (const int64_t chunk : {1, 7, 16, 60}) {
    EXPECT_EQ(InChunksOf(chunk, 1, pool), prefill) << "chunks of " << chunk;
  }
}

TEST_P(AttentionWith, WhichBlocksHoldTheKeysChangesNoBit) {
  EXPECT_EQ(InChunksOf(kTokens, 1, pool), InChunksOf(kTokens, 2, pool));
}

TEST_P(AttentionWith, ARowAloneHasTheBitsItHasInABatch) {
  PagedKv kv(shape, 1);
  Result batch = Empty(), alone = Empty();
  Store(0, kTokens, kv, pool);
  Attend(0, kTokens, kv, batch, pool);
  for (int64_t m = kTokens - 1; m >= 0; --m) Attend(m, m + 1, kv, alone, pool);
  EXPECT_EQ(alone, batch);
}

TEST_P(AttentionWith, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    const Result result = InChunksOf(90, 1, pool);
    return Concatenate({result.out, result.logsumexp});
  });
}

TEST_P(AttentionWith, TheLogSumExpIsOptional) {
  PagedKv kv(shape, 1);
  Store(0, kTokens, kv, pool);
  Result with = Empty();
  Floats without(kTokens * N * H);
  Attend(0, kTokens, kv, with, pool);
  Attention(qkv.data(), ld, kv.rows.data(), kTokens, shape, kv.blocks.data(), without.data(),
            nullptr, pool);
  EXPECT_TRUE(SameBits(without, with.out));
}

// Sequences of 1 to 63 tokens, packed: the first kTokens rows of qkv.
class AttentionBackwardWith : public AttentionWith {
 protected:
  const std::vector<int64_t> offsets{0, 1, 17, 49, 112, 137, kTokens};
  const Floats dout = RandomFloats(kTokens * N * H, 2);

  // dq, dk and dv side by side, as in qkv, of the sequences `first` up to `last`.
  Floats Backward(const Floats& qkv, size_t first, size_t last, ThreadPool& pool) const {
    Floats gradient(kTokens * ld, 7.0f);
    Result forward = Empty();
    for (size_t s = 0; s + 1 < offsets.size(); ++s) Forward(qkv, s, forward);
    const float* q = qkv.data();
    float* dq = gradient.data();
    AttentionBackward({.q_M = q,
                       .k_M = q + N * H,
                       .v_M = q + (N + K) * H,
                       .ld = ld,
                       .out_MNH = forward.out.data(),
                       .logsumexp_MN = forward.logsumexp.data(),
                       .dout_MNH = dout.data(),
                       .offsets_S1 = offsets.data(),
                       .shape = shape,
                       .dq_M = dq,
                       .dk_M = dq + N * H,
                       .dv_M = dq + (N + K) * H,
                       .ldd = ld},
                      ByThemselves(first, last), pool);
    return gradient;
  }
  static std::vector<AttentionPrefixGroup> ByThemselves(size_t first, size_t last) {
    std::vector<AttentionPrefixGroup> groups;
    for (auto s = static_cast<int64_t>(first); s < static_cast<int64_t>(last); ++s)
      groups.push_back({.first = s, .prefix = s});
    return groups;
  }
  Floats Backward(ThreadPool& pool) const { return Backward(qkv, 0, offsets.size() - 1, pool); }

  Floats Rows(const Floats& x, int64_t begin, int64_t end, int64_t width) const {
    return Floats(x.begin() + begin * width, x.begin() + end * width);
  }

 private:
  void Forward(const Floats& qkv, size_t s, Result& result) const {
    ThreadPool pool;
    PagedKv kv(shape, 1);
    const int64_t begin = offsets[s], T = offsets[s + 1] - begin;
    const float* k = &qkv[begin * ld + N * H];
    StoreKv(k, k + K * H, ld, kv.rows.data(), T, shape, kv.blocks.data(), pool);
    Attention(&qkv[begin * ld], ld, kv.rows.data(), T, shape, kv.blocks.data(),
              &result.out[begin * N * H], &result.logsumexp[begin * N], pool);
  }
};
INSTANTIATE_TEST_SUITE_P(, AttentionBackwardWith,
                         testing::Values(Heads{4, 4, 24}, Heads{1, 1, 16}, Heads{9, 3, 64},
                                         Heads{8, 1, 128}, Heads{7, 7, 10}, Heads{6, 3, 24}));

TEST_P(AttentionBackwardWith, MatchesCentralDifferencesInEverySequence) {
  const Floats gradient = Backward(pool);
  for (const size_t s : {0, 1, 2, 4}) {  // the short ones: 1, 16, 32 and 25 tokens
    const int64_t begin = offsets[s], end = offsets[s + 1];
    const Floats x = Rows(qkv, begin, end, ld), sequence_dout = Rows(dout, begin, end, N * H);
    ExpectGradient(Rows(gradient, begin, end, ld), x, 2e-5, [&](const reference::Matrix& moved) {
      return Dot(Reference(moved), sequence_dout);
    });
  }
}

TEST_P(AttentionBackwardWith, ASequenceAloneHasTheBitsItHasPackedWithOthers) {
  const Floats packed = Backward(pool);
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    const Floats alone = Backward(qkv, s, s + 1, pool);
    EXPECT_TRUE(SameBits(Rows(alone, offsets[s], offsets[s + 1], ld),
                         Rows(packed, offsets[s], offsets[s + 1], ld)))
        << "sequence " << s;
  }
}

TEST_P(AttentionBackwardWith, TheQueryGradientOfARowDependsOnNoLaterRow) {
  const int64_t changed = offsets[4] - 5;  // in the tile of its earlier neighbours
  Floats other = qkv;
  for (int64_t i = changed * ld; i < offsets[4] * ld; ++i) other[i] = 0.5f - other[i];
  const Floats a = Backward(pool), b = Backward(other, 0, offsets.size() - 1, pool);
  for (int64_t m = offsets[3]; m < changed; ++m) {
    EXPECT_TRUE(
        SameBits(Floats(&a[m * ld], &a[m * ld] + N * H), Floats(&b[m * ld], &b[m * ld] + N * H)))
        << "row " << m;
  }
}

TEST_P(AttentionBackwardWith, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) { return Backward(pool); });
}

TEST(Attention, ARowWithoutKeysIsAnError) {
  ThreadPool pool;
  const AttentionShape shape{.heads = 1, .kv_heads = 1, .head_width = 2, .scale = 1};
  const Floats q(2);
  const AttentionRow row;
  Floats out(2);
  EXPECT_THAT(
      [&] { Attention<float>(q.data(), 2, &row, 1, shape, nullptr, out.data(), nullptr, pool); },
      testing::ThrowsMessage<Error>(testing::HasSubstr("row 0 sees no key")));
}

TEST(Attention, QueryHeadsThatAreNoMultipleOfTheKeyHeadsAreAnError) {
  ThreadPool pool;
  const AttentionShape shape{.heads = 5, .kv_heads = 2, .head_width = 16, .scale = 1};
  EXPECT_THAT(
      [&] { Attention<float>(nullptr, 0, nullptr, 0, shape, nullptr, nullptr, nullptr, pool); },
      testing::ThrowsMessage<Error>(testing::HasSubstr("5 query heads, 2 key heads")));
}

}  // namespace
}  // namespace r1zero::kernels
