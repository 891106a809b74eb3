// How the kernels cut work into parts.
#pragma once

#include <algorithm>
#include <cstdint>

namespace r1zero::kernels {

struct Range {
  int64_t begin = 0, end = 0;
  int64_t size() const { return end - begin; }
};

// Part `i` when n things are cut into `parts` parts of nearly equal size.
constexpr Range Part(int64_t n, int64_t parts, int64_t i) {
  return {n * i / parts, n * (i + 1) / parts};
}

constexpr int64_t CeilDiv(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Tasks for so many multiply-adds: a few a thread, none so small that another thread does not pay.
constexpr int64_t WantedTasks(int64_t threads, int64_t multiply_adds) {
  constexpr int64_t kTaskWork = 1 << 18;
  return threads == 1 ? 1 : std::min<int64_t>(4 * threads, multiply_adds / kTaskWork);
}

}  // namespace r1zero::kernels
