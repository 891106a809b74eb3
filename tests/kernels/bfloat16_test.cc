// What is stored as bfloat16 is rounded, and nothing else: a product over it has the bits of the same
// product over float32 numbers that were rounded before.
#include "kernels/bfloat16.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/attention.h"
#include "kernels/matmul.h"
#include "tests/kernels/numeric.h"
#include "tests/kernels/simd_targets.h"

namespace r1zero::kernels {
namespace {

float FromBits(uint32_t bits) { return std::bit_cast<float>(bits); }

TEST(Bfloat16, KeepsEveryNumberThatItHas) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Bfloat16 stored{static_cast<uint16_t>(bits)};
    const float x = ToFloat(stored);
    if (std::isnan(x))
      EXPECT_TRUE(std::isnan(ToFloat(ToBfloat16(x))));
    else
      EXPECT_EQ(ToBfloat16(x), stored);
  }
}

TEST(Bfloat16, RoundsToTheNearestAndTiesToEven) {
  for (uint32_t bits = 0; bits < 0x7F7F; ++bits) {
    const double below = FromBits(bits << 16), above = FromBits((bits + 1) << 16);
    for (const uint32_t low : {1u, 0x7FFFu, 0x8000u, 0x8001u, 0xFFFFu}) {
      const float x = FromBits(bits << 16 | low);
      const bool up = x - below > above - x || (x - below == above - x && bits % 2 == 1);
      ASSERT_EQ(ToFloat(ToBfloat16(x)), up ? above : below) << bits << ' ' << low;
      ASSERT_EQ(ToFloat(ToBfloat16(-x)), up ? -above : -below);
    }
  }
  EXPECT_EQ(ToFloat(ToBfloat16(std::numeric_limits<float>::max())),
            std::numeric_limits<float>::infinity());
}

Floats RoundedCopy(Floats x) {
  RoundToBfloat16(x.data(), static_cast<int64_t>(x.size()));
  return x;
}

struct Product {
  int64_t M, N, K;
};

TEST(Bfloat16, AMatrixStoredInItGivesTheBitsOfTheRoundedMatrix) {
  ThreadPool pool(2);
  for (const auto& [M, N, K] : {Product{1, 1, 1},
                                {1, 121, 100},
                                {2, 512, 96},
                                {5, 15, 17},
                                {13, 17, 24},
                                {33, 121, 100},
                                {7, 40, 1300},
                                {70, 700, 96}}) {
    const Floats x = RandomFloats(M * std::max(N, K), 1, 2), w = RandomFloats(N * K, 2, 1);
    const Floats rounded = RoundedCopy(w);
    const auto product = [&](const Floats& w, Storage storage, auto pack, int64_t in, int64_t out) {
      PackedMatrix packed{.storage = storage};
      pack(w.data(), N, K, packed);
      Floats y(M * out);
      MatMul(x.data(), in, packed, y.data(), out, M, pool);
      return y;
    };
    ForEachSimdTarget([&] {
      EXPECT_TRUE(SameBits(product(w, Storage::kBfloat16, PackForward, K, N),
                           product(rounded, Storage::kFloat32, PackForward, K, N)))
          << M << ' ' << N << ' ' << K;
      EXPECT_TRUE(SameBits(product(w, Storage::kBfloat16, PackInputGradient, N, K),
                           product(rounded, Storage::kFloat32, PackInputGradient, N, K)));
    });
  }
}

struct Heads {
  int heads, kv_heads, head_width;
};

// Prefill of a shared prompt, then rows of several sequences that go on from it, so that rows alone
// and rows together are both met.
template <typename E>
Floats Attend(const AttentionShape& shape, const Floats& qkv, int64_t prompt, int64_t sequences,
              ThreadPool& pool) {
  const int64_t N = shape.heads, K = shape.kv_heads, H = shape.head_width, ld = (N + 2 * K) * H;
  const int64_t shared = prompt / 16, blocks = shared + sequences;
  AlignedVector<E> kv(blocks * KvBlockSize(shape));
  std::vector<std::vector<int32_t>> tables(sequences, std::vector<int32_t>(shared + 1));
  for (int64_t s = 0; s < sequences; ++s) {
    std::iota(tables[s].begin(), tables[s].end(), 0);
    tables[s].back() = static_cast<int32_t>(shared + s);
  }
  std::vector<AttentionRow> rows;
  for (int64_t t = 0; t < prompt; ++t)
    rows.push_back({tables[0].data(), static_cast<int32_t>(t + 1)});
  for (int64_t s = 0; s < sequences; ++s)
    for (int32_t t = 0; t < 3; ++t)
      rows.push_back({tables[s].data(), static_cast<int32_t>(prompt + t + 1)});
  const auto M = static_cast<int64_t>(rows.size());
  Floats out(M * N * H);
  StoreKv(&qkv[N * H], &qkv[(N + K) * H], ld, rows.data(), M, shape, kv.data(), pool);
  Attention(qkv.data(), ld, rows.data(), M, shape, kv.data(), out.data(), nullptr, pool);
  return out;
}

TEST(Bfloat16, KeysAndValuesStoredInItGiveTheBitsOfRoundedOnes) {
  ThreadPool pool(2);
  constexpr int64_t kPrompt = 48, kSequences = 5, kRows = kPrompt + 3 * kSequences;
  for (const auto& [N, K, H] :
       {Heads{4, 4, 24}, {1, 1, 16}, {9, 3, 64}, {8, 1, 128}, {7, 7, 10}, {6, 3, 34}}) {
    const AttentionShape shape{.heads = N, .kv_heads = K, .head_width = H, .scale = 0.2f};
    const int64_t ld = (N + 2 * K) * H;
    const Floats qkv = RandomFloats(kRows * ld, 1, 2);
    Floats rounded = qkv;
    for (int64_t m = 0; m < kRows; ++m) RoundToBfloat16(&rounded[m * ld + N * H], 2 * K * H);
    ForEachSimdTarget([&] {
      EXPECT_TRUE(SameBits(Attend<Bfloat16>(shape, qkv, kPrompt, kSequences, pool),
                           Attend<float>(shape, rounded, kPrompt, kSequences, pool)))
          << N << ' ' << K << ' ' << H;
    });
  }
}

TEST(Bfloat16, ABlockIsCopiedWhole) {
  const AttentionShape shape{.heads = 2, .kv_heads = 2, .head_width = 10, .scale = 1};
  AlignedVector<Bfloat16> from(KvBlockSize(shape)), to(KvBlockSize(shape));
  for (size_t i = 0; i < from.size(); ++i) from[i].bits = static_cast<uint16_t>(i + 1);
  CopyKvBlock(from.data(), to.data(), kKvBlockTokens, shape);
  EXPECT_EQ(from, to);
}

}  // namespace
}  // namespace r1zero::kernels
