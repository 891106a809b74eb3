#include "kernels/kv_blocks.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kRowsPerTask = 16;

// Into the second-level cache, which takes more lines at once than the first.
void PrefetchForWrite(const void* p) { __builtin_prefetch(p, 1, 2); }

// One token's value, zero-padded, into its slot of each panel.
template <typename E>
void StoreValue(const float* v_H, int64_t H, E* panels) {
  for (int64_t h = 0; h < H; h += 16, panels += 256) {
    const int64_t width = std::min<int64_t>(16, H - h);
    for (int64_t i = 0; i < width; ++i) panels[i] = Rounded<E>(v_H[h + i]);
    std::fill_n(panels + width, 16 - width, E());
  }
}

}  // namespace

template <typename E>
void CopyKvBlock(const E* from, E* to, int tokens, const AttentionShape& shape) {
  const int64_t key_rows = int64_t{shape.kv_heads} * shape.head_width;
  for (int64_t row = 0; row < key_rows; ++row) std::copy_n(from + row * 16, tokens, to + row * 16);
  const int64_t panels = shape.kv_heads * KvValueSize(shape) / 256;
  for (int64_t panel = 0; panel < panels; ++panel)
    std::copy_n(from + key_rows * 16 + panel * 256, tokens * 16, to + key_rows * 16 + panel * 256);
}

template <typename E>
void StoreKv(const float* k_MKH, const float* v_MKH, int64_t ld, const AttentionRow* rows_M,
             int64_t M, const AttentionShape& shape, E* layer_blocks, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t K = shape.kv_heads, H = shape.head_width;
  const auto keys_of = [&](int64_t m) {
    return layer_blocks + rows_M[m].block_table[(rows_M[m].num_keys - 1) / 16] * KvBlockSize(shape);
  };
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const int64_t slot = (rows_M[m].num_keys - 1) % 16;
      E* keys_KH16 = keys_of(m);
      E* values = keys_KH16 + K * H * 16;
      // A key goes to as many cache lines as it has elements.
      const E* next_KH16 = m + 1 < end ? keys_of(m + 1) : keys_KH16;
      for (int64_t i = 0; i < K * H; ++i) {
        PrefetchForWrite(next_KH16 + i * 16);
        keys_KH16[i * 16 + slot] = Rounded<E>(k_MKH[m * ld + i]);
      }
      for (int64_t kv = 0; kv < K; ++kv)
        StoreValue(v_MKH + m * ld + kv * H, H, values + kv * KvValueSize(shape) + slot * 16);
    }
  });
}

template <typename E>
void PlanAttention(const AttentionRow* rows_M, int64_t M, const AttentionShape& shape,
                   const E* layer_blocks, ReadAhead& ahead) {
  const int64_t floats = KvBlockSize(shape) * sizeof(E) / sizeof(float);
  for (int64_t m = 0; m < M; ++m) {
    const AttentionRow& row = rows_M[m];
    const int64_t blocks = NumBlocks(row);
    int64_t known = 0;  // from the row before
    if (m > 0) {
      const AttentionRow& before = rows_M[m - 1];
      known = CommonBlocks(before, row, std::min(NumBlocks(before), blocks));
    }
    ahead.Add(reinterpret_cast<const float*>(layer_blocks), row.block_table + known, blocks - known,
              floats);
  }
}

template void CopyKvBlock(const float*, float*, int, const AttentionShape&);
template void CopyKvBlock(const Bfloat16*, Bfloat16*, int, const AttentionShape&);
template void StoreKv(const float*, const float*, int64_t, const AttentionRow*, int64_t,
                      const AttentionShape&, float*, ThreadPool&);
template void StoreKv(const float*, const float*, int64_t, const AttentionRow*, int64_t,
                      const AttentionShape&, Bfloat16*, ThreadPool&);
template void PlanAttention(const AttentionRow*, int64_t, const AttentionShape&, const float*,
                            ReadAhead&);
template void PlanAttention(const AttentionRow*, int64_t, const AttentionShape&, const Bfloat16*,
                            ReadAhead&);

}  // namespace r1zero::kernels
