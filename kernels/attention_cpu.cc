#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "kernels/scratch.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_cpu.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "kernels/attention-inl.h"
#include "kernels/math-inl.h"

HWY_BEFORE_NAMESPACE();
namespace r1zero::kernels {
namespace HWY_NAMESPACE {

// Turns T scores, padded with -inf to a multiple of 16, into weights. max + log(sum) if asked for.
HWY_INLINE void Softmax(float* HWY_RESTRICT score_T, int64_t padded_T, float* logsumexp) {
  const Floats16 d;
  const float max = Max16(score_T, padded_T);
  const float sum = Sum16(padded_T, [=](auto d, auto partial, int64_t t) HWY_ATTR {
    const auto weight = Exp(d, hn::Sub(hn::LoadU(d, score_T + t), hn::Set(d, max)));
    hn::StoreU(weight, d, score_T + t);
    return hn::Add(partial, weight);
  });
  for (int64_t t = 0; t < padded_T; t += kLanes) {
    hn::StoreU(hn::Div(hn::LoadU(d, score_T + t), hn::Set(d, sum)), d, score_T + t);
  }
  if (logsumexp != nullptr) *logsumexp = max + hn::GetLane(Log(Float1(), hn::Set(Float1(), sum)));
}

// One query row, all heads. weights_2T: two rows of num_keys floats, each padded to 16.
void AttendRow(const float* HWY_RESTRICT q_NH, const AttentionRow& row, const AttentionShape& shape,
               const float* HWY_RESTRICT layer_blocks, float* HWY_RESTRICT out_NH,
               float* HWY_RESTRICT logsumexp_N, float* HWY_RESTRICT weights_2T) {
  const int64_t H = shape.head_width;
  const int64_t num_blocks = (row.num_keys + 15) / 16;
  const int group = shape.heads / shape.kv_heads;
  const Blocks blocks{layer_blocks, row.block_table, KvBlockFloats(shape)};
  const int64_t first_value = shape.kv_heads * H * 16;
  for (int n0 = 0; n0 < shape.heads; n0 += 2) {
    WeightedSum sums[2];
    const int pair = std::min(2, shape.heads - n0);
    for (int i = 0; i < pair; ++i) {
      const int n = n0 + i;
      const int64_t key = n / group * H * 16;
      float* score_T = weights_2T + i * num_blocks * 16;
      Scores(q_NH + n * H, H, blocks, num_blocks, key, shape.scale, score_T);
      const int64_t last_block = (num_blocks - 1) * 16;
      FillTail(score_T + last_block, row.num_keys - last_block,
               -std::numeric_limits<float>::infinity());
      Softmax(score_T, num_blocks * 16, logsumexp_N == nullptr ? nullptr : logsumexp_N + n);
      sums[i] = {score_T, first_value + key, out_NH + n * H};
    }
    SumAllValues(sums, pair, blocks, H, row.num_keys, H);
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace r1zero::kernels
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace r1zero::kernels {
namespace {

HWY_EXPORT(AttendRow);

constexpr int64_t kRowsPerTask = 16;

}  // namespace

void RequireAttentionShape(const AttentionShape& shape) {
  Require(shape.head_width > 0 && shape.kv_heads > 0 && shape.heads % shape.kv_heads == 0,
          "attention: ", shape.heads, " query heads, ", shape.kv_heads, " key heads of width ",
          shape.head_width, "; expected a multiple of the key heads");
}

int64_t KvBlockFloats(const AttentionShape& shape) {
  return int64_t{2} * shape.kv_heads * shape.head_width * kKvBlockTokens;
}

void StoreKv(const float* k_MKH, const float* v_MKH, int64_t ld, const AttentionRow* rows_M,
             int64_t M, const AttentionShape& shape, float* layer_blocks, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t K = shape.kv_heads, H = shape.head_width;
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const int64_t t = rows_M[m].num_keys - 1, slot = t % 16;
      float* keys_KH16 = layer_blocks + rows_M[m].block_table[t / 16] * KvBlockFloats(shape);
      float* values_K16H = keys_KH16 + K * H * 16;
      for (int64_t i = 0; i < K * H; ++i) keys_KH16[i * 16 + slot] = k_MKH[m * ld + i];
      for (int64_t kv = 0; kv < K; ++kv)
        std::copy_n(v_MKH + m * ld + kv * H, H, values_K16H + (kv * 16 + slot) * H);
    }
  });
}

// This thread's working memory for a row that sees so many keys.
static float* WeightsOf(int64_t num_keys) {
  thread_local AlignedVector<float> weights;
  const int64_t padded_T = (num_keys + 15) / 16 * 16;
  return Scratch(weights, 2 * padded_T);
}

void ReserveAttention(int64_t num_keys) { WeightsOf(num_keys); }

void Attention(const float* q_MNH, int64_t ldq, const AttentionRow* rows_M, int64_t M,
               const AttentionShape& shape, const float* layer_blocks, float* out_MNH,
               float* logsumexp_MN, ThreadPool& pool) {
  RequireAttentionShape(shape);
  const int64_t N = shape.heads, H = shape.head_width;
  auto& attend = HWY_DYNAMIC_DISPATCH(AttendRow);
  pool.ParallelFor((M + kRowsPerTask - 1) / kRowsPerTask, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      Require(rows_M[m].num_keys > 0, "attention: row ", m,
              " sees no key, expected its own at least");
      attend(q_MNH + m * ldq, rows_M[m], shape, layer_blocks, out_MNH + m * N * H,
             logsumexp_MN == nullptr ? nullptr : logsumexp_MN + m * N,
             WeightsOf(rows_M[m].num_keys));
    }
  });
}

}  // namespace r1zero::kernels
#endif  // HWY_ONCE
