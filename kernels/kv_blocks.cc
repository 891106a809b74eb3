#include "kernels/kv_blocks.h"

namespace r1zero::kernels {
namespace {

constexpr int64_t kRowsPerTask = 16;

// Into the second-level cache, which takes more lines at once than the first.
void PrefetchForWrite(const float* p) { __builtin_prefetch(p, 1, 2); }

// One token's value, zero-padded, into its slot of each panel.
void StoreValue(const float* v_H, int64_t H, float* panels) {
  for (int64_t h = 0; h < H; h += 16, panels += 256) {
    const int64_t width = std::min<int64_t>(16, H - h);
    std::copy_n(v_H + h, width, panels);
    std::fill_n(panels + width, 16 - width, 0.0f);
  }
}

}  // namespace

void CopyKvBlock(const float* from, float* to, int tokens, const AttentionShape& shape) {
  const int64_t key_rows = int64_t{shape.kv_heads} * shape.head_width;
  for (int64_t row = 0; row < key_rows; ++row) std::copy_n(from + row * 16, tokens, to + row * 16);
  const int64_t panels = shape.kv_heads * ValueFloats(shape) / 256;
  for (int64_t panel = 0; panel < panels; ++panel)
    std::copy_n(from + key_rows * 16 + panel * 256, tokens * 16, to + key_rows * 16 + panel * 256);
}

void StoreKv(const float* k_MKH, const float* v_MKH, int64_t ld, const AttentionRow* rows_M,
             int64_t M, const AttentionShape& shape, float* layer_blocks, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t K = shape.kv_heads, H = shape.head_width;
  const auto keys_of = [&](int64_t m) {
    return layer_blocks +
           rows_M[m].block_table[(rows_M[m].num_keys - 1) / 16] * KvBlockFloats(shape);
  };
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const int64_t slot = (rows_M[m].num_keys - 1) % 16;
      float* keys_KH16 = keys_of(m);
      float* values = keys_KH16 + K * H * 16;
      // A key goes to as many cache lines as it has elements.
      const float* next_KH16 = m + 1 < end ? keys_of(m + 1) : keys_KH16;
      for (int64_t i = 0; i < K * H; ++i) {
        PrefetchForWrite(next_KH16 + i * 16);
        keys_KH16[i * 16 + slot] = k_MKH[m * ld + i];
      }
      for (int64_t kv = 0; kv < K; ++kv)
        StoreValue(v_MKH + m * ld + kv * H, H, values + kv * ValueFloats(shape) + slot * 16);
    }
  });
}

void PlanAttention(const AttentionRow* rows_M, int64_t M, const AttentionShape& shape,
                   const float* layer_blocks, ReadAhead& ahead) {
  const int64_t floats = KvBlockFloats(shape);
  for (int64_t m = 0; m < M; ++m) {
    const AttentionRow& row = rows_M[m];
    const int64_t blocks = NumBlocks(row);
    int64_t known = 0;  // from the row before
    if (m > 0) {
      const AttentionRow& before = rows_M[m - 1];
      known = CommonBlocks(before, row, std::min(NumBlocks(before), blocks));
    }
    ahead.Add(layer_blocks, row.block_table + known, blocks - known, floats);
  }
}

}  // namespace r1zero::kernels
