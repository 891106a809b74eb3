// Attention over paged keys and values, and its gradients, against libtorch in float64.
#include <numeric>
#include <vector>

#include "kernels/attention.h"
#include "tests/kernels/aten_numbers.h"

namespace r1zero::kernels {
namespace {

struct Heads {
  int heads, kv_heads, head_width;
};
void PrintTo(const Heads& h, std::ostream* out) {
  *out << h.heads << " heads, " << h.kv_heads << " key heads of " << h.head_width;
}

constexpr int64_t kTokens = 75;  // four blocks and a part of one

class AttentionAgainstAten : public testing::TestWithParam<Heads> {
 protected:
  const int N = GetParam().heads, K = GetParam().kv_heads, H = GetParam().head_width;
  const AttentionShape shape{
      .heads = N, .kv_heads = K, .head_width = H, .scale = 1 / std::sqrt(static_cast<float>(H))};
  const int64_t ld = (N + 2 * K) * H;  // q, k and v side by side
  const Tensor qkv = Normal({kTokens, ld}, 1), dout = Normal({kTokens, N*H}, 2);
  // A score is a sum over the head's width; a weight has the score's absolute error as its relative
  // one; then come the exponential and the sums over tokens.
  const double roundings = RoundingsOfSum(H) + RoundingsOfSum(kTokens);
  ThreadPool pool{2};

  struct Result {
    Tensor out, logsumexp;
  };

  // One sequence, of which each step stores and then attends `chunk` tokens; its blocks lie in
  // reverse order.
  template <typename E>
  Result InChunks(const Tensor& qkv, int64_t chunk) {
    const int64_t T = qkv.size(0);
    std::vector<int32_t> table((T + 15) / 16);
    std::iota(table.rbegin(), table.rend(), 0);
    std::vector<AttentionRow> rows;
    for (int32_t t = 0; t < T; ++t) rows.push_back({table.data(), t + 1});
    AlignedVector<E> blocks(table.size() * KvBlockSize(shape), Rounded<E>(NAN));
    Result result{Unwritten({T, N * H}), Unwritten({T, N})};
    for (int64_t t = 0; t < T; t += chunk) {
      const int64_t M = std::min(chunk, T - t);
      const float* q = Data(qkv) + t * ld;
      StoreKv(q + N * H, q + (N + K) * H, ld, &rows[t], M, shape, blocks.data(), pool);
      Attention(q, ld, &rows[t], M, shape, blocks.data(), Data(result.out) + t * N * H,
                Data(result.logsumexp) + t * N, pool);
    }
    return result;
  }

  // [T, ld] to [1, N, T, H], each key head repeated for the query heads that read it.
  Tensor HeadsFirst(const Tensor& qkv64, int64_t begin, int heads) const {
    const Tensor x = qkv64.narrow(1, begin * H, heads * H).view({-1, heads, H});
    return x.repeat_interleave(N / heads, 1).permute({1, 0, 2}).unsqueeze(0);
  }
  Tensor Aten(const Tensor& qkv64) const {
    const Tensor out = at::scaled_dot_product_attention(
        HeadsFirst(qkv64, 0, N), HeadsFirst(qkv64, N, K), HeadsFirst(qkv64, N + K, K), {}, 0.0,
        /*is_causal=*/true);
    return out.squeeze(0).permute({1, 0, 2}).reshape({-1, N * H});
  }
  Tensor AtenLogSumExp(const Tensor& qkv64) const {
    const int64_t T = qkv64.size(0);
    const Tensor scores =
        HeadsFirst(qkv64, 0, N).matmul(HeadsFirst(qkv64, N, K).transpose(-1, -2)) / std::sqrt(H);
    const Tensor future = at::ones({T, T}, at::kBool).triu(1);
    return scores.masked_fill(future, -INFINITY).logsumexp(-1).squeeze(0).t();
  }
  void ExpectAten(const Result& found, const Tensor& qkv64) const {
    ExpectWithin(roundings, found.out, Aten(qkv64));
    ExpectWithin(roundings, found.logsumexp, AtenLogSumExp(qkv64));
  }
};
INSTANTIATE_TEST_SUITE_P(, AttentionAgainstAten,
                         testing::Values(Heads{4, 4, 16}, Heads{8, 1, 128}, Heads{9, 3, 64},
                                         Heads{6, 3, 24}, Heads{1, 1, 64}, Heads{5, 5, 2},
                                         Heads{16, 2, 16}, Heads{14, 2, 10}, Heads{5, 1, 128}));

TEST_P(AttentionAgainstAten, PrefillIsCausalScaledDotProductAttention) {
  ExpectAten(InChunks<float>(qkv, kTokens), qkv.to(at::kDouble));
}

TEST_P(AttentionAgainstAten, DecodeTokenByTokenAndChunksAreTheSameAttention) {
  for (const int64_t chunk : {1, 7, 32}) {
    SCOPED_TRACE(chunk);
    ExpectAten(InChunks<float>(qkv, chunk), qkv.to(at::kDouble));
  }
}

TEST_P(AttentionAgainstAten, StoredAsBfloat16IsAttentionToTheKeysAndValuesThatAtenRounds) {
  const Tensor rounded = qkv.to(at::kDouble);
  Tensor kv = rounded.narrow(1, N * H, 2 * K * H);
  kv.copy_(kv.to(at::kBFloat16));
  for (const int64_t chunk : {int64_t{1}, kTokens})
    ExpectAten(InChunks<Bfloat16>(qkv, chunk), rounded);
}

// Sequences packed one after another; those of a group continue its last one.
class AttentionGradientAgainstAten : public AttentionAgainstAten {
 protected:
  const std::vector<int64_t> offsets{0, 1, 20, 36, 44, kTokens};

  Tensor Rows(const Tensor& x, int64_t s) const {
    return x.narrow(0, offsets[s], offsets[s + 1] - offsets[s]);
  }
  // Sequence s with the rows that it continues, if any, before its own.
  Tensor Whole(const Tensor& x, int64_t s, int64_t prefix) const {
    return s == prefix ? Rows(x, s) : at::cat({Rows(x, prefix), Rows(x, s)});
  }
  Tensor Gradient(const std::vector<AttentionPrefixGroup>& groups) {
    const Tensor out = Unwritten({kTokens, N * H}), logsumexp = Unwritten({kTokens, N});
    for (const AttentionPrefixGroup& group : groups)
      for (int64_t s = group.first; s <= group.prefix; ++s) {
        const Result whole = InChunks<float>(Whole(qkv, s, group.prefix).contiguous(), kTokens);
        const int64_t own = offsets[s + 1] - offsets[s], before = whole.out.size(0) - own;
        Rows(out, s).copy_(whole.out.narrow(0, before, own));
        Rows(logsumexp, s).copy_(whole.logsumexp.narrow(0, before, own));
      }
    const Tensor gradient = Unwritten({kTokens, ld});
    const float* q = Data(qkv);
    float* dq = Data(gradient);
    AttentionBackward({.q_M = q,
                       .k_M = q + N * H,
                       .v_M = q + (N + K) * H,
                       .ld = ld,
                       .out_MNH = Data(out),
                       .logsumexp_MN = Data(logsumexp),
                       .dout_MNH = Data(dout),
                       .offsets_S1 = offsets.data(),
                       .shape = shape,
                       .dq_M = dq,
                       .dk_M = dq + N * H,
                       .dv_M = dq + (N + K) * H,
                       .ldd = ld},
                      groups, pool);
    return gradient;
  }
  Tensor AtenGradient(const std::vector<AttentionPrefixGroup>& groups) const {
    const Tensor qkv64 = Leaf(qkv);
    for (const AttentionPrefixGroup& group : groups)
      for (int64_t s = group.first; s <= group.prefix; ++s) {
        const Tensor out = Aten(Whole(qkv64, s, group.prefix));
        const int64_t own = offsets[s + 1] - offsets[s];
        Backward(out.narrow(0, out.size(0) - own, own), Rows(dout, s));
      }
    return qkv64.grad();
  }
  // dq, dk and dv each by its own largest number; key heads sum over the query heads that read them.
  void ExpectAtens(const std::vector<AttentionPrefixGroup>& groups) {
    const Tensor found = Gradient(groups), expected = AtenGradient(groups);
    const double summed = roundings + RoundingsOfSum(N / K * kTokens);
    for (const auto& [begin, heads] : {std::pair{0, N}, std::pair{N, K}, std::pair{N + K, K}})
      ExpectWithin(summed, found.narrow(1, begin * H, heads * H),
                   expected.narrow(1, begin * H, heads * H));
  }
};
INSTANTIATE_TEST_SUITE_P(, AttentionGradientAgainstAten,
                         testing::Values(Heads{4, 4, 16}, Heads{8, 1, 128}, Heads{9, 3, 64},
                                         Heads{6, 3, 24}, Heads{16, 2, 16}, Heads{5, 1, 128}));

TEST_P(AttentionGradientAgainstAten, OfPackedSequencesIsAutogradsOfEach) {
  ExpectAtens({{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}});
}

TEST_P(AttentionGradientAgainstAten, OfContinuationsOfAPrefixIsAutogradsOfEverySequenceWhole) {
  ExpectAtens({{.first = 0, .prefix = 2}, {.first = 3, .prefix = 4}});
}

}  // namespace
}  // namespace r1zero::kernels
