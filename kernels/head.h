// The fused language-model head: log-probability of one target token per row, and entropy, without
// ever holding the logits of more than a few rows.
//
//   z[v]     = (hidden . w[v]) * inv_temperature
//   logprob  = z[target] - logsumexp(z)
//   entropy  = logsumexp(z) - sum_v softmax(z)[v] z[v]
//
// or, with a distribution for each row, of z as in distribution.h: penalised, and over the kept
// tokens only. The gradient then goes through the penalty and is 0 outside the kept tokens.
//
// The logits are MatMul's, the log-sum-exp is LogSumExp's: the sampler's log-probability of the same
// token under the same weights has the same bits.
#pragma once

#include <cstdint>

#include "kernels/distribution.h"
#include "kernels/matmul.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// max + log(sum exp(z - max)) of one row z[v] = logits[v] * inv_temperature, by rule 3. REQUIRES, here
// and below, inv_temperature > 0.
float LogSumExp(const float* logits_V, int64_t V, float inv_temperature);

// w: the head packed for the forward product (K = D, N = V). entropy_M may be null. logsumexp_M is
// kept for the backward. distributions_M: null, or one a row. Error if a target is outside the
// vocabulary or its row's kept tokens.
void HeadForward(const float* hidden_MD, const PackedMatrix& w, const int32_t* targets_M,
                 float inv_temperature, float* logprob_M, float* logsumexp_M, float* entropy_M,
                 int64_t M, ThreadPool& pool, const RowDistribution* distributions_M = nullptr);

// Given d(loss)/d(logprob), writes dhidden and accumulates dw_VD over m ascending. w_backward is the
// head packed for the input gradient (K = V, N = D); the distributions are the forward's.
void HeadBackward(const float* dlogprob_M, const float* hidden_MD, const PackedMatrix& w,
                  const PackedMatrix& w_backward, const int32_t* targets_M, float inv_temperature,
                  const float* logsumexp_M, float* dhidden_MD, float* dw_VD, int64_t M,
                  ThreadPool& pool, const RowDistribution* distributions_M = nullptr);

}  // namespace r1zero::kernels
