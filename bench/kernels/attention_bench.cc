// Attention on one core at each model's heads: a decode step, the prefill of long prompts, and the
// forward and backward of packed training sequences. A score and its value's share count 4
// floating-point operations a key and dimension forward, 10 backward (the scores again, then the
// gradients of values, weights, queries and keys).
#include "kernels/attention.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "bench/kernels/peak.h"
#include "bench/shapes.h"

namespace r1zero::kernels {
namespace {

AttentionShape ShapeOf(const benchmark::State& state) {
  const ModelConfig& c = bench::Shapes()[state.range(0)].policy;
  return {.heads = static_cast<int>(c.num_heads),
          .kv_heads = static_cast<int>(c.num_kv_heads),
          .head_width = static_cast<int>(c.head_width),
          .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(c.head_width)))};
}

// `sequences` of `tokens` tokens each, in blocks of their own, and their rows of q, k and v.
struct Batch {
  Batch(const AttentionShape& s, int64_t sequences, int64_t tokens)
      : shape(s),
        queries(int64_t{s.heads} * s.head_width),
        kv(int64_t{s.kv_heads} * s.head_width),
        width(queries + 2 * kv),
        blocks_each((tokens + 15) / 16),
        table(sequences * blocks_each),
        blocks(static_cast<int64_t>(table.size()) * KvBlockSize(shape), 0.5f),
        qkv(sequences * tokens * width, 0.25f),
        out(sequences * tokens * queries) {
    std::iota(table.begin(), table.end(), 0);
  }
  void AddRow(int64_t sequence, int64_t num_keys) {
    rows.push_back({.block_table = &table[sequence * blocks_each],
                    .num_keys = static_cast<int32_t>(num_keys)});
    keys += static_cast<double>(num_keys);
  }
  void Forward(float* logsumexp) {
    Attention(qkv.data(), width, rows.data(), static_cast<int64_t>(rows.size()), shape,
              blocks.data(), out.data(), logsumexp, pool);
    benchmark::ClobberMemory();
  }
  double flops(double each) const { return each * keys * static_cast<double>(queries); }

  AttentionShape shape;
  int64_t queries, kv, width, blocks_each;
  std::vector<int32_t> table;
  AlignedVector<float> blocks, qkv, out;
  std::vector<AttentionRow> rows;
  double keys = 0;  // summed over rows
  ThreadPool pool{1};
};

// Arguments: shape, rows, keys that each row sees.
void Decode(benchmark::State& state) {
  const int64_t M = state.range(1), keys = state.range(2);
  Batch batch(ShapeOf(state), M, keys);
  for (int64_t m = 0; m < M; ++m) batch.AddRow(m, keys);
  for (auto _ : state) batch.Forward(nullptr);
  bench::ReportFlops(state, batch.flops(4));
  const double read = 2 * batch.keys * static_cast<double>(batch.kv * sizeof(float));
  bench::ReportBytes(state, read);
}
BENCHMARK(Decode)
    ->Name("AttentionDecode")
    ->ArgNames({"shape", "M", "keys"})
    ->ArgsProduct({{0, 1, 2, 3}, {1, 32, 256}, {96}})
    ->ArgsProduct({{1, 3}, {16}, {512, 4096}});

struct Packed : Batch {
  Packed(const AttentionShape& s, int64_t sequences, int64_t tokens)
      : Batch(s, sequences, tokens), logsumexp(sequences * tokens * s.heads) {
    for (int64_t i = 0; i < sequences * tokens; ++i) AddRow(i / tokens, i % tokens + 1);
    for (int64_t i = 0; i <= sequences; ++i) offsets.push_back(i * tokens);
    for (int64_t i = 0; i < sequences; ++i) groups.push_back({.first = i, .prefix = i});
  }
  AttentionGradientArgs Gradient(const float* dout, float* dqkv) const {
    return {.q_M = qkv.data(),
            .k_M = qkv.data() + queries,
            .v_M = qkv.data() + queries + kv,
            .ld = width,
            .out_MNH = out.data(),
            .logsumexp_MN = logsumexp.data(),
            .dout_MNH = dout,
            .offsets_S1 = offsets.data(),
            .shape = shape,
            .dq_M = dqkv,
            .dk_M = dqkv + queries,
            .dv_M = dqkv + queries + kv,
            .ldd = width};
  }
  std::vector<int64_t> offsets;
  std::vector<AttentionPrefixGroup> groups;  // each sequence by itself
  AlignedVector<float> logsumexp;
};

// Arguments: shape, sequences, tokens of each.
void PackedForward(benchmark::State& state) {
  Packed packed(ShapeOf(state), state.range(1), state.range(2));
  for (auto _ : state) packed.Forward(packed.logsumexp.data());
  bench::ReportFlops(state, packed.flops(4));
}

void PackedBackward(benchmark::State& state) {
  Packed packed(ShapeOf(state), state.range(1), state.range(2));
  packed.Forward(packed.logsumexp.data());
  const AlignedVector<float> dout(packed.out.size(), 0.125f);
  AlignedVector<float> dqkv(packed.qkv.size());
  for (auto _ : state) {
    AttentionBackward(packed.Gradient(dout.data(), dqkv.data()), packed.groups, packed.pool);
    benchmark::ClobberMemory();
  }
  bench::ReportFlops(state, packed.flops(10));
}

void Sequences(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"shape", "sequences", "tokens"})->Unit(benchmark::kMicrosecond);
  bench->ArgsProduct({{0, 1, 2, 3}, {16}, {128}})->ArgsProduct({{1, 3}, {1}, {2048}});
}
BENCHMARK(PackedForward)->Name("AttentionForward")->Apply(Sequences);
BENCHMARK(PackedBackward)->Name("AttentionBackward")->Apply(Sequences);

}  // namespace
}  // namespace r1zero::kernels
