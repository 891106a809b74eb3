// SwiGLU (https://arxiv.org/abs/2002.05202): y = gate * sigmoid(gate) * up.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// gate_up holds gate in columns [0, F) and up in [F, 2F). REQUIRES, here and below, that the
// arguments do not overlap.
void SwiGlu(const float* gate_up_M2F, float* y_MF, int64_t M, int64_t F, ThreadPool& pool);
// y_MF, if not null, receives what SwiGlu gave, to the bit: a weight's gradient needs it again.
void SwiGluBackward(const float* dy_MF, const float* gate_up_M2F, float* dgate_up_M2F, int64_t M,
                    int64_t F, ThreadPool& pool, float* y_MF = nullptr);

}  // namespace r1zero::kernels
