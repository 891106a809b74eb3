// Where keys and values lie: blocks of 16 tokens of one layer, that sequences may share.
//
// Shapes: K key/value heads, H head width, P = H / 16 rounded up. A block holds
//   keys   [K][H][16]       (transposed: 16 tokens of one dimension lie together)
//   values [K][P][16][16]   (panels of 16 dimensions, zero-padded; a panel holds 16 tokens)
// Both are the panels of kernels/matmul.h: rows that see the same blocks are multiplied as a tile. E, in
// what follows, is what a block holds: float, or Bfloat16, to which StoreKv rounds.
#pragma once

#include <algorithm>
#include <cstdint>

#include "kernels/bfloat16.h"
#include "kernels/read_ahead.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

inline constexpr int kKvBlockTokens = 16;

struct AttentionShape {
  int heads = 0;       // N
  int kv_heads = 0;    // K
  int head_width = 0;  // H
  float scale = 0;     // usually 1 / sqrt(H)
};

// Throws Error unless the heads divide as above; the functions below that take a pool call it.
void RequireAttentionShape(const AttentionShape& shape);

// Elements of one head's values in a block.
inline int64_t KvValueSize(const AttentionShape& shape) {
  return (shape.head_width + 15) / 16 * 256;
}
// Elements that one block takes: keys and values of 16 tokens of one layer. Blocks are aligned to 64
// bytes.
inline int64_t KvBlockSize(const AttentionShape& shape) {
  return shape.kv_heads * (int64_t{shape.head_width} * kKvBlockTokens + KvValueSize(shape));
}
// The first `tokens` tokens of one block to another of the same layer.
template <typename E>
void CopyKvBlock(const E* from, E* to, int tokens, const AttentionShape& shape);

// One query row. It sees keys 0 .. num_keys - 1 of its sequence; key t lies in block
// block_table[t / 16], slot t % 16.
struct AttentionRow {
  const int32_t* block_table = nullptr;
  int32_t num_keys = 0;
};
inline int64_t NumBlocks(const AttentionRow& row) { return (row.num_keys + 15) / 16; }
// How many of the first `most` blocks two rows have in common. REQUIRES that both have so many.
inline int64_t CommonBlocks(const AttentionRow& a, const AttentionRow& b, int64_t most) {
  if (a.block_table == b.block_table) return most;
  int64_t common = 0;
  while (common < most && a.block_table[common] == b.block_table[common]) ++common;
  return common;
}

// Writes the key and value (each [K, H], rows `ld` apart) of M tokens into the layer's blocks: row
// m becomes token rows_M[m].num_keys - 1 of its sequence. REQUIRES num_keys >= 1 of each, and no two
// rows for one slot of one block.
template <typename E>
void StoreKv(const float* k_MKH, const float* v_MKH, int64_t ld, const AttentionRow* rows_M,
             int64_t M, const AttentionShape& shape, E* layer_blocks, ThreadPool& pool);

// The next entries of the plan: the blocks of M rows as Attention (kernels/attention.h) reads them, an
// entry a row.
template <typename E>
void PlanAttention(const AttentionRow* rows_M, int64_t M, const AttentionShape& shape,
                   const E* layer_blocks, ReadAhead& ahead);

}  // namespace r1zero::kernels
