// Causal attention over a block-paged KV cache; grouped-query heads.
//
//   score[t] = scale * sum_h q[h] k[t, h]        h ascending, one accumulator
//   w[t]     = exp(score[t] - max) / sum
//   out[h]   = sum_t w[t] v[t, h]                t ascending, one accumulator
//
// The maximum and the sum follow rule 3 of docs/numerics.md over t. One function serves prefill,
// chunks, decode and training, so all of them give the same bits for the same query.
//
// Shapes: M query rows, N query heads, K key/value heads (N % K == 0; query head n reads key head
// n / (N / K)), H head width; keys and values as in kernels/kv_blocks.h.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/aligned.h"
#include "kernels/kv_blocks.h"
#include "kernels/read_ahead.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// out[m] = attention of q[m]. `logsumexp_MN`, if not null, receives max + log(sum) for the
// backward. q rows are `ldq` apart, out rows N * H. layer_blocks: this layer's blocks, block b at
// b * KvBlockSize. All keys that a row sees must have been stored. `ahead`, for one thread only, as
// in kernels/matmul.h.
template <typename E>
void Attention(const float* q_MNH, int64_t ldq, const AttentionRow* rows_M, int64_t M,
               const AttentionShape& shape, const E* layer_blocks, float* out_MNH,
               float* logsumexp_MN, ThreadPool& pool, ReadAhead* ahead = nullptr);

// Takes this thread's working memory for rows of up to so many keys, so that Attention on it
// allocates nothing however a sequence grows.
void ReserveAttention(int64_t num_keys);

// Gradients for packed sequences: sequence s is rows [offsets[s], offsets[s + 1]). q, k, v rows are
// `ld` apart (they may be slices of one qkv buffer), out and dout rows N * H, dq, dk, dv rows `ldd`
// apart; all three are written.
struct AttentionGradientArgs {
  const float *q_M = nullptr, *k_M = nullptr, *v_M = nullptr;
  int64_t ld = 0;
  const float *out_MNH = nullptr, *logsumexp_MN = nullptr, *dout_MNH = nullptr;
  const int64_t* offsets_S1 = nullptr;
  AttentionShape shape;
  float *dq_M = nullptr, *dk_M = nullptr, *dv_M = nullptr;
  int64_t ldd = 0;
};

// Sequences [first, prefix) continue sequence `prefix`, whose rows come after theirs: a row of a
// continuation sees all rows of the prefix, then those of its own sequence up to itself; a row of
// the prefix sees the prefix up to itself. first == prefix: a sequence by itself.
//
// Sums run over keys ascending (dq) and over sequences in order, the prefix's own queries last, then
// query heads, then queries ascending (dk, dv). So continuations may be cut into several calls: all
// but the last leave the sums of the prefix's keys, [prefix tokens][2 (dk, dv)][K][H], in `left`,
// the next takes them up from `taken`; the prefix's queries run in the last (left null).
struct AttentionPrefixGroup {
  int64_t first = 0, prefix = 0;
  const float* taken = nullptr;
  float* left = nullptr;
};

// One key head of one group, with its query heads, on the calling thread.
void AttentionBackward(const AttentionGradientArgs& args, const AttentionPrefixGroup& group,
                       int kv_head);
// All of them.
void AttentionBackward(const AttentionGradientArgs& args,
                       std::span<const AttentionPrefixGroup> groups, ThreadPool& pool);

}  // namespace r1zero::kernels
