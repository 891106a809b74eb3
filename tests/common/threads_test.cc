#include "common/threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>

#include "common/error.h"

namespace r1zero {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // takes terabytes of addresses: a limit on them ends the process
#else
constexpr bool kSanitized = false;
#endif

// So much more than now may be mapped: a few stacks.
void LimitAddressSpace(rlim_t more_bytes) {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  const rlim_t most = pages * 4096 + more_bytes;
  const rlimit limit{most, most};
  if (setrlimit(RLIMIT_AS, &limit) != 0) std::exit(3);
}

// In a process of its own: 0 if it was refused as promised and nothing runs any more.
[[noreturn]] void StartMoreThanThereIsRoomFor() {
  LimitAddressSpace(100 << 20);
  std::atomic<bool> stop = false;
  std::atomic<int> running = 0;
  std::vector<std::thread> threads;
  try {
    StartThreads(
        threads, 1000, "rollout.workers",
        [&](int) {
          ++running;
          while (!stop) std::this_thread::yield();
          --running;
        },
        [&] { stop = true; });
  } catch (const Error& error) {
    std::cerr << error.what() << std::endl;
    std::exit(threads.empty() && running == 0 ? 0 : 4);
  }
  std::exit(5);
}

TEST(StartThreadsDeathTest,
     WhatTheMachineCannotStartIsRefusedWithTheNumberAndNothingIsLeftRunning) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer cannot live under a limit on addresses";
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(StartMoreThanThereIsRoomFor(), testing::ExitedWithCode(0),
              "rollout.workers: thread [0-9]+ of 1000 cannot be started: ");
}

TEST(StartThreads, EachGetsItsNumber) {
  std::atomic<int> sum = 0;
  std::vector<std::thread> threads;
  StartThreads(
      threads, 10, "threads", [&](int i) { sum += i; }, [] {});
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 45);
}

}  // namespace
}  // namespace r1zero
