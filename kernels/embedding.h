// Token embedding: y[m] = table[token[m]].
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// E is float or Bfloat16. REQUIRES, here and below, that every token is a row of the table: none is
// checked.
template <typename E>
void Embedding(const int32_t* tokens_M, const E* table_VD, float* y_MD, int64_t M, int64_t D,
               ThreadPool& pool);
// dtable[token[m]] += dy[m], m ascending.
void EmbeddingBackward(const int32_t* tokens_M, const float* dy_MD, float* dtable_VD, int64_t M,
                       int64_t D, ThreadPool& pool);

}  // namespace r1zero::kernels
