#include "kernels/thread_pool.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "common/error.h"
#include "common/threads.h"
#include "hwy/cache_control.h"
#include "kernels/simd.h"

namespace r1zero::kernels {
namespace {

// Long enough to bridge the gap between two kernels of a layer, far below a scheduler's time slice.
constexpr std::chrono::microseconds kSpin{10};

template <typename Condition>
void SpinUntil(const Condition& condition) {
  if (condition()) return;
  const auto deadline = std::chrono::steady_clock::now() + kSpin;
  while (!condition() && std::chrono::steady_clock::now() < deadline) hwy::Pause();
}

}  // namespace

// A worker joins a job only while the job is open, under the mutex. The owner closes the job when
// no task is left to claim, and then waits for those inside: never for a worker that has not
// joined, which may have lost its core to another process.
struct ThreadPool::State {
  std::mutex mutex;
  std::condition_variable work, left;
  std::vector<std::thread> workers;
  std::atomic<uint64_t> jobs{0};  // begun so far; counted up under the mutex
  std::atomic<int> inside{0};     // workers in the open job; changed under the mutex
  bool open = false;
  bool stopping = false;
  std::exception_ptr error;

  // The job: written while nobody is inside.
  void (*call)(void*, int64_t) = nullptr;
  void* context = nullptr;
  int64_t n = 0;
  std::atomic<int64_t> next{0};

  ~State();
  void Stop();
  void Work();
  void Drain();
  void Open(int64_t count, void (*function)(void*, int64_t), void* argument);
  std::exception_ptr Close();
};

void ThreadPool::State::Stop() {
  {
    const std::scoped_lock lock(mutex);
    stopping = true;
  }
  work.notify_all();
}

ThreadPool::State::~State() {
  Stop();
  for (std::thread& worker : workers) worker.join();
}

void ThreadPool::State::Work() {
  uint64_t seen = 0;
  while (true) {
    SpinUntil([&] { return jobs.load(std::memory_order_relaxed) != seen; });
    std::unique_lock lock(mutex);
    work.wait(lock, [&] { return stopping || jobs != seen; });
    if (stopping) return;
    seen = jobs;
    if (!open) continue;  // came too late: spin for the next one
    ++inside;
    lock.unlock();
    Drain();
    lock.lock();
    if (--inside == 0) left.notify_one();
  }
}

void ThreadPool::State::Drain() {
  try {
    for (int64_t i = next++; i < n; i = next++) call(context, i);
  } catch (...) {
    next = n;
    const std::scoped_lock lock(mutex);
    if (!error) error = std::current_exception();
  }
}

void ThreadPool::State::Open(int64_t count, void (*function)(void*, int64_t), void* argument) {
  {
    const std::scoped_lock lock(mutex);
    Require(!open, "ParallelFor was called inside another ParallelFor of the same thread pool");
    n = count;
    call = function;
    context = argument;
    next = 0;
    open = true;
    ++jobs;
  }
  work.notify_all();
}

std::exception_ptr ThreadPool::State::Close() {
  {
    const std::scoped_lock lock(mutex);
    open = false;
  }
  SpinUntil([&] { return inside.load(std::memory_order_relaxed) == 0; });
  std::unique_lock lock(mutex);
  left.wait(lock, [&] { return inside == 0; });
  return std::exchange(error, nullptr);
}

ThreadPool::ThreadPool(int threads) : threads_(threads) {
  Require(threads >= 1, "a thread pool of ", threads, " threads: expected at least 1");
  RequireSimd();
  if (threads == 1) return;
  state_ = std::make_unique<State>();
  State* state = state_.get();
  StartThreads(
      state->workers, threads - 1, "a pool of " + std::to_string(threads) + " threads",
      [state](int) { state->Work(); }, [state] { state->Stop(); });
}

ThreadPool::~ThreadPool() = default;

void ThreadPool::Run(int64_t n, void (*call)(void*, int64_t), void* context) {
  if (!state_ || n <= 1) {
    for (int64_t i = 0; i < n; ++i) call(context, i);
    return;
  }
  state_->Open(n, call, context);
  state_->Drain();
  if (const std::exception_ptr error = state_->Close()) std::rethrow_exception(error);
}

}  // namespace r1zero::kernels
