// Euclidean norm of a flat buffer, summed in double in a fixed order whatever the threads and the
// vector width: chunks of 4096 elements, each as 8 interleaved partial sums and a fixed tree; then
// the chunks ascending. Not finite if an element is not.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

double GradientNorm(const float* grad, int64_t n, ThreadPool& pool);

}  // namespace r1zero::kernels
