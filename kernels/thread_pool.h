// A small pool of threads for kernels. Which thread runs a task never changes a result.
#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

namespace r1zero::kernels {

// A pool of `threads` threads, the caller among them: ThreadPool(1) starts none and runs everything
// on the caller. One ParallelFor at a time (from one owner thread); tasks must not call it again.
class ThreadPool {
 public:
  // Throws Error if threads < 1, or if this machine cannot run the kernels (simd.h).
  explicit ThreadPool(int threads = 1);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  int threads() const { return threads_; }

  // Calls task(i) once for each i in [0, n), on any thread, and returns when all are done. An
  // exception in a task is rethrown here (the first one) after all threads have stopped. Workers
  // spin for a few microseconds before they sleep, so back-to-back calls cost about a microsecond.
  template <typename Task>
  void ParallelFor(int64_t n, Task&& task) {
    auto* p = std::addressof(task);
    Run(
        n, [](void* context, int64_t i) { (*static_cast<decltype(p)>(context))(i); },
        const_cast<void*>(static_cast<const void*>(p)));
  }

 private:
  void Run(int64_t n, void (*call)(void*, int64_t), void* context);
  struct State;
  int threads_;
  std::unique_ptr<State> state_;
};

}  // namespace r1zero::kernels
