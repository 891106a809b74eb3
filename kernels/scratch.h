// Working memory of one thread: it grows to the largest size asked for and stays, so that a kernel
// in steady state allocates nothing.
#pragma once

#include <cstdint>

#include "kernels/aligned.h"
#include "kernels/thread_pool.h"

namespace r1zero::kernels {

// At least n floats of `buffer`, a thread_local; what they hold is unspecified.
inline float* Scratch(AlignedVector<float>& buffer, int64_t n) {
  if (static_cast<int64_t>(buffer.size()) < n) buffer.resize(n);
  return buffer.data();
}

// For a kernel called inside a task of another pool: everything runs on the calling thread.
inline ThreadPool& InlinePool() {
  thread_local ThreadPool pool(1);
  return pool;
}

}  // namespace r1zero::kernels
