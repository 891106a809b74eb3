// Attention's gradients where sequences share a prefix.
#include <gtest/gtest.h>

#include <numeric>

#include "kernels/attention.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

struct Heads {
  int heads, kv_heads, head_width;
};
void PrintTo(const Heads& h, std::ostream* out) {
  *out << h.heads << " heads, " << h.kv_heads << " key heads of " << h.head_width;
}

// Continuations of 9, 16, 1 and 30 tokens, then their prefix of 21.
class AttentionBackwardOfAGroup : public testing::TestWithParam<Heads> {
 protected:
  static constexpr int64_t kPrefix = 4, kPrefixTokens = 21;
  const std::vector<int64_t> offsets{0, 9, 25, 26, 56, 77};
  const int N = GetParam().heads, K = GetParam().kv_heads, H = GetParam().head_width;
  const AttentionShape shape{
      .heads = N, .kv_heads = K, .head_width = H, .scale = 1 / std::sqrt(static_cast<float>(H))};
  const int64_t ld = (N + 2 * K) * H;
  const Floats qkv = RandomFloats(offsets.back() * ld, 1, 2);
  const Floats dout = RandomFloats(offsets.back() * N * H, 2);
  ThreadPool pool;

  // The rows of the sequence that s ends, prefix first; those of s itself begin at `own`.
  struct Whole {
    std::vector<int64_t> rows;
    int64_t own;
  };
  Whole WholeOf(int64_t s) const {
    Whole whole{std::vector<int64_t>(kPrefixTokens), s == kPrefix ? 0 : kPrefixTokens};
    std::iota(whole.rows.begin(), whole.rows.end(), offsets[kPrefix]);
    for (int64_t m = offsets[s]; s != kPrefix && m < offsets[s + 1]; ++m) whole.rows.push_back(m);
    return whole;
  }
  template <typename Vector>
  static Vector Gather(const Vector& x, const std::vector<int64_t>& rows, int64_t width) {
    Vector out;
    for (const int64_t m : rows)
      out.insert(out.end(), x.begin() + m * width, x.begin() + (m + 1) * width);
    return out;
  }
  static void Scatter(const Floats& part, const std::vector<int64_t>& rows, int64_t width,
                      Floats& x) {
    for (size_t i = 0; i < rows.size(); ++i)
      std::copy_n(part.begin() + static_cast<int64_t>(i) * width, width,
                  x.begin() + rows[i] * width);
  }

  struct Result {
    Floats out, logsumexp;
  };
  Result Forward() const {
    Result all{Floats(offsets.back() * N * H), Floats(offsets.back() * N)};
    for (int64_t s = 0; s <= kPrefix; ++s) {
      const Whole whole = WholeOf(s);
      const auto T = static_cast<int64_t>(whole.rows.size());
      const Floats x = Gather(qkv, whole.rows, ld);
      std::vector<int32_t> table((T + 15) / 16);
      std::iota(table.begin(), table.end(), 0);
      std::vector<AttentionRow> rows;
      for (int64_t t = 0; t < T; ++t)
        rows.push_back({.block_table = table.data(), .num_keys = static_cast<int32_t>(t + 1)});
      AlignedVector<float> blocks(table.size() * KvBlockSize(shape));
      Result one{Floats(T * N * H), Floats(T * N)};
      ThreadPool thread;
      StoreKv(&x[N * H], &x[(N + K) * H], ld, rows.data(), T, shape, blocks.data(), thread);
      Attention(x.data(), ld, rows.data(), T, shape, blocks.data(), one.out.data(),
                one.logsumexp.data(), thread);
      Scatter(one.out, whole.rows, N * H, all.out);
      Scatter(one.logsumexp, whole.rows, N, all.logsumexp);
    }
    return all;
  }

  // The continuations [cuts[i], cuts[i + 1]) with their prefix in one call each.
  Floats Backward(const std::vector<int64_t>& cuts, ThreadPool& pool) const {
    Floats gradient(offsets.back() * ld), taken, left;
    for (size_t i = 0; i + 1 < cuts.size(); ++i) {
      std::vector<int64_t> rows, starts{0};
      for (int64_t s = cuts[i]; s <= cuts[i + 1]; ++s) {
        const int64_t sequence = s == cuts[i + 1] ? kPrefix : s;
        for (int64_t m = offsets[sequence]; m < offsets[sequence + 1]; ++m) rows.push_back(m);
        starts.push_back(static_cast<int64_t>(rows.size()));
      }
      const bool is_last = i + 2 == cuts.size();
      std::swap(taken, left);
      left.assign(is_last ? 0 : kPrefixTokens * 2 * K * H, 7.0f);
      const Floats part = BackwardPart(rows, starts, taken, left, pool);
      if (!is_last) rows.resize(rows.size() - kPrefixTokens);
      Scatter(part, rows, ld, gradient);
    }
    return gradient;
  }

  Floats BackwardPart(const std::vector<int64_t>& rows, const std::vector<int64_t>& starts,
                      const Floats& taken, Floats& left, ThreadPool& pool) const {
    const Result all = Forward();
    const Floats x = Gather(qkv, rows, ld), out = Gather(all.out, rows, N * H);
    const Floats logsumexp = Gather(all.logsumexp, rows, N), dy = Gather(dout, rows, N * H);
    Floats dx(x.size(), 7.0f);
    const AttentionGradientArgs args{.q_M = x.data(),
                                     .k_M = x.data() + N * H,
                                     .v_M = x.data() + (N + K) * H,
                                     .ld = ld,
                                     .out_MNH = out.data(),
                                     .logsumexp_MN = logsumexp.data(),
                                     .dout_MNH = dy.data(),
                                     .offsets_S1 = starts.data(),
                                     .shape = shape,
                                     .dq_M = dx.data(),
                                     .dk_M = dx.data() + N * H,
                                     .dv_M = dx.data() + (N + K) * H,
                                     .ldd = ld};
    const AttentionPrefixGroup group{.first = 0,
                                     .prefix = static_cast<int64_t>(starts.size()) - 2,
                                     .taken = taken.empty() ? nullptr : taken.data(),
                                     .left = left.empty() ? nullptr : left.data()};
    AttentionBackward(args, {&group, 1}, pool);
    return dx;
  }

  // sum of dout times what the reference gives, every row once.
  double ReferenceLoss(const reference::Matrix& x) const {
    double loss = 0;
    for (int64_t s = 0; s <= kPrefix; ++s) {
      const Whole whole = WholeOf(s);
      const reference::Matrix out = ReferenceOut(Gather(x, whole.rows, ld));
      const Floats dy = Gather(dout, whole.rows, N * H);
      for (size_t i = whole.own * N * H; i < out.size(); ++i) loss += out[i] * dy[i];
    }
    return loss;
  }
  reference::Matrix ReferenceOut(const reference::Matrix& x) const {
    reference::Matrix q, k, v;
    for (auto row = x.begin(); row != x.end(); row += ld) {
      q.insert(q.end(), row, row + N * H);
      k.insert(k.end(), row + N * H, row + (N + K) * H);
      v.insert(v.end(), row + (N + K) * H, row + ld);
    }
    return reference::Attention(q, k, v, static_cast<int64_t>(x.size()) / ld, N, K, H, shape.scale);
  }
};
INSTANTIATE_TEST_SUITE_P(, AttentionBackwardOfAGroup,
                         testing::Values(Heads{4, 4, 24}, Heads{1, 1, 16}, Heads{9, 3, 64},
                                         Heads{8, 1, 128}, Heads{5, 5, 2}));

TEST_P(AttentionBackwardOfAGroup, MatchesCentralDifferencesOfEverySequenceWhole) {
  ExpectGradient(Backward({0, kPrefix}, pool), qkv, 2e-5,
                 [&](const reference::Matrix& moved) { return ReferenceLoss(moved); });
}

TEST_P(AttentionBackwardOfAGroup, HasTheSameBitsHoweverTheContinuationsAreCut) {
  const Floats whole = Backward({0, kPrefix}, pool);
  for (const std::vector<int64_t>& cuts :
       {std::vector<int64_t>{0, 1, 4}, {0, 3, 4}, {0, 2, 3, 4}, {0, 1, 2, 3, 4}})
    EXPECT_TRUE(SameBits(Backward(cuts, pool), whole)) << cuts.size() - 1 << " parts";
}

TEST_P(AttentionBackwardOfAGroup, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) { return Backward({0, 2, 4}, pool); });
}

}  // namespace
}  // namespace r1zero::kernels
