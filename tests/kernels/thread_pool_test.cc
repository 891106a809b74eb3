#include "kernels/thread_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>
#include <thread>
#include <vector>

#include "common/error.h"

namespace r1zero::kernels {
namespace {

using ::testing::Each;

TEST(ThreadPool, RunsEachTaskExactlyOnce) {
  for (const int threads : {1, 2, 4, 7}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    for (const int64_t n : {0, 1, 2, 3, 17, 1000}) {
      std::vector<int> calls(n, 0);  // plain ints: two threads on one task would be a data race
      pool.ParallelFor(n, [&](int64_t i) { ++calls[i]; });
      EXPECT_THAT(calls, Each(1)) << threads << " threads, " << n << " tasks";
    }
  }
}

TEST(ThreadPool, ServesTenThousandJobsInARow) {
  ThreadPool pool(4);
  std::vector<int64_t> sums(8, 0);
  for (int64_t job = 0; job < 10000; ++job) {
    pool.ParallelFor(8, [&](int64_t i) { sums[i] += job * i; });
  }
  for (int64_t i = 0; i < 8; ++i) EXPECT_EQ(sums[i], i * (10000 * 9999 / 2));
}

TEST(ThreadPool, WakesWorkersThatHaveGoneToSleep) {
  ThreadPool pool(3);
  for (int round = 0; round < 20; ++round) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    // Both tasks wait for the other: one thread alone would never finish.
    std::atomic<int> arrived = 0;
    pool.ParallelFor(2, [&](int64_t) {
      ++arrived;
      while (arrived < 2) std::this_thread::yield();
    });
    EXPECT_EQ(arrived, 2);
  }
}

TEST(ThreadPool, RethrowsATasksExceptionAfterAllThreadsHaveStoppedAndStaysUsable) {
  for (const int threads : {1, 2, 4}) {
    ThreadPool pool(threads);
    std::atomic<int> running = 0;
    try {
      pool.ParallelFor(1000, [&](int64_t i) {
        ++running;
        if (i == 5) {
          --running;
          throw std::out_of_range("task 5");
        }
        --running;
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::out_of_range& error) {
      EXPECT_STREQ(error.what(), "task 5");
    }
    EXPECT_EQ(running, 0);
    std::vector<int> calls(50, 0);
    pool.ParallelFor(50, [&](int64_t i) { ++calls[i]; });
    EXPECT_THAT(calls, Each(1));
  }
}

TEST(ThreadPool, OnlyOneOfManyExceptionsArrives) {
  ThreadPool pool(4);
  for (int round = 0; round < 100; ++round) {
    EXPECT_THROW(
        pool.ParallelFor(16, [](int64_t i) { throw std::runtime_error(std::to_string(i)); }),
        std::runtime_error);
  }
}

TEST(ThreadPool, RefusesANestedCall) {
  ThreadPool pool(2);
  EXPECT_THROW(pool.ParallelFor(4, [&](int64_t) { pool.ParallelFor(4, [](int64_t) {}); }), Error);
}

TEST(ThreadPool, RefusesToHaveNoThreads) {
  EXPECT_THROW(ThreadPool(0), Error);
  EXPECT_THROW(ThreadPool(-2), Error);
}

TEST(ThreadPool, FinishesWhileOtherThreadsKeepEveryCoreBusy) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> busy;
  for (unsigned i = 0; i < 2 * std::thread::hardware_concurrency(); ++i) {
    busy.emplace_back([&] {
      while (!stop) continue;
    });
  }
  ThreadPool pool(4);
  std::vector<int> calls(64, 0);
  for (int job = 0; job < 200; ++job) pool.ParallelFor(64, [&](int64_t i) { ++calls[i]; });
  stop = true;
  for (std::thread& thread : busy) thread.join();
  EXPECT_THAT(calls, Each(200));
}

}  // namespace
}  // namespace r1zero::kernels
