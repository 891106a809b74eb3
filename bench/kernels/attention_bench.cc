// Attention of the demo model's size (4 heads of 24) on one core: a decode step, whose keys come
// from the last-level cache or from memory, and the forward and backward of 4,096 packed tokens.
#include "kernels/attention.h"

#include <benchmark/benchmark.h>

#include <numeric>
#include <vector>

namespace r1zero::kernels {
namespace {

constexpr AttentionShape kShape{.heads = 4, .kv_heads = 4, .head_width = 24, .scale = 0.2f};
constexpr int64_t kWidth = 4 * 24, kQkvWidth = 3 * kWidth;

// `sequences` of `tokens` tokens each, in blocks of their own, and their rows of q, k and v.
struct Batch {
  Batch(int64_t sequences, int64_t tokens)
      : blocks_each((tokens + 15) / 16),
        table(sequences * blocks_each),
        blocks(static_cast<int64_t>(table.size()) * KvBlockFloats(kShape), 0.5f),
        qkv(sequences * tokens * kQkvWidth, 0.25f),
        out(sequences * tokens * kWidth) {
    std::iota(table.begin(), table.end(), 0);
  }
  AttentionRow Row(int64_t sequence, int64_t num_keys) const {
    return {.block_table = &table[sequence * blocks_each],
            .num_keys = static_cast<int32_t>(num_keys)};
  }
  int64_t blocks_each;
  std::vector<int32_t> table;
  AlignedVector<float> blocks, qkv, out;
};

// Arguments: rows, keys that each row sees.
void BM_Decode(benchmark::State& state) {
  const int64_t M = state.range(0), keys = state.range(1);
  Batch batch(M, keys);
  std::vector<AttentionRow> rows;
  for (int64_t m = 0; m < M; ++m) rows.push_back(batch.Row(m, keys));
  ThreadPool pool(1);
  for (auto _ : state) {
    Attention(batch.qkv.data(), kQkvWidth, rows.data(), M, kShape, batch.blocks.data(),
              batch.out.data(), nullptr, pool);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Decode)->ArgNames({"M", "keys"})->Args({256, 60})->Args({16, 60})->Args({1, 60});

// 32 sequences of 128 tokens.
struct Packed : Batch {
  Packed() : Batch(32, 128), logsumexp(4096 * 4) {
    for (int64_t m = 0; m < 4096; ++m) rows.push_back(Row(m / 128, m % 128 + 1));
    for (int64_t s = 0; s <= 32; ++s) offsets.push_back(s * 128);
    for (int64_t s = 0; s < 32; ++s) groups.push_back({.first = s, .prefix = s});
  }
  void Forward() {
    Attention(qkv.data(), kQkvWidth, rows.data(), 4096, kShape, blocks.data(), out.data(),
              logsumexp.data(), pool);
  }
  std::vector<AttentionRow> rows;
  std::vector<int64_t> offsets;
  std::vector<AttentionPrefixGroup> groups;
  AlignedVector<float> logsumexp;
  ThreadPool pool{1};
};

void BM_PackedForward(benchmark::State& state) {
  Packed packed;
  for (auto _ : state) packed.Forward();
}
BENCHMARK(BM_PackedForward)->Unit(benchmark::kMicrosecond);

void BM_PackedBackward(benchmark::State& state) {
  Packed packed;
  packed.Forward();
  const AlignedVector<float> dout(4096 * kWidth, 0.125f);
  AlignedVector<float> dqkv(packed.qkv.size());
  const float* q = packed.qkv.data();
  float* dq = dqkv.data();
  for (auto _ : state) {
    AttentionBackward({.q_M = q,
                       .k_M = q + kWidth,
                       .v_M = q + 2 * kWidth,
                       .ld = kQkvWidth,
                       .out_MNH = packed.out.data(),
                       .logsumexp_MN = packed.logsumexp.data(),
                       .dout_MNH = dout.data(),
                       .offsets_S1 = packed.offsets.data(),
                       .shape = kShape,
                       .dq_M = dq,
                       .dk_M = dq + kWidth,
                       .dv_M = dq + 2 * kWidth,
                       .ldd = kQkvWidth},
                      packed.groups, packed.pool);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_PackedBackward)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace r1zero::kernels
