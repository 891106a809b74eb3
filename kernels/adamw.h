// AdamW (https://arxiv.org/abs/1711.05101) over a flat buffer, in place:
//
//   g  = grad * grad_scale
//   m  = beta1 m + (1 - beta1) g;   v = beta2 v + (1 - beta2) g^2
//   p -= lr * ( (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps) + weight_decay p )
//
// The constants are computed in double and rounded once to float; the elements are float. An
// element's bits depend on nothing but its own p, grad, m, v and the step.
#pragma once

#include <cstdint>

#include "kernels/thread_pool.h"

namespace r1zero::kernels {

struct AdamWStep {
  double lr = 0;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double weight_decay = 0;
  double grad_scale = 1;  // from gradient clipping
  int64_t step = 1;       // counts from 1
};

void AdamW(float* param, const float* grad, float* m, float* v, int64_t n, const AdamWStep& step,
           ThreadPool& pool);

}  // namespace r1zero::kernels
