// Euclidean norm of a flat buffer, summed in double in a fixed order whatever the threads.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

double GradientNorm(const float* grad, int64_t n, ThreadPool& pool);

}  // namespace r1zero::kernels
