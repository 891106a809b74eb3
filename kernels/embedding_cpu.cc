#include "kernels/embedding.h"

#include <algorithm>

#include "kernels/bfloat16.h"

namespace r1zero::kernels {

namespace {

constexpr int64_t kRowsPerTask = 64;
constexpr int64_t kColumnsPerTask = 64;

}  // namespace

template <typename E>
void Embedding(const int32_t* tokens_M, const E* table_VD, float* y_MD, int64_t M, int64_t D,
               ThreadPool& pool) {
  const int64_t tasks = (M + kRowsPerTask - 1) / kRowsPerTask;
  pool.ParallelFor(tasks, [&](int64_t task) {
    const int64_t end = std::min(M, (task + 1) * kRowsPerTask);
    for (int64_t m = task * kRowsPerTask; m < end; ++m) {
      const E* row_D = table_VD + tokens_M[m] * D;
      for (int64_t d = 0; d < D; ++d) y_MD[m * D + d] = ToFloat(row_D[d]);
    }
  });
}
template void Embedding(const int32_t*, const float*, float*, int64_t, int64_t, ThreadPool&);
template void Embedding(const int32_t*, const Bfloat16*, float*, int64_t, int64_t, ThreadPool&);

void EmbeddingBackward(const int32_t* tokens_M, const float* dy_MD, float* dtable_VD, int64_t M,
                       int64_t D, ThreadPool& pool) {
  // A task owns columns, not rows: two rows of dy may go to one row of the table.
  const int64_t tasks = (D + kColumnsPerTask - 1) / kColumnsPerTask;
  pool.ParallelFor(tasks, [&](int64_t task) {
    const int64_t begin = task * kColumnsPerTask;
    const int64_t end = std::min(D, begin + kColumnsPerTask);
    for (int64_t m = 0; m < M; ++m) {
      const float* dy_D = dy_MD + m * D;
      float* dtable_D = dtable_VD + tokens_M[m] * D;
      for (int64_t d = begin; d < end; ++d) dtable_D[d] += dy_D[d];
    }
  });
}

}  // namespace r1zero::kernels
