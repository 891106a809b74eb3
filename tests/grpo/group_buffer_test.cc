#include "grpo/group_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <thread>

#include "common/error.h"
#include "tests/grpo/group_buffer_fixture.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST_F(GroupBufferTest, GivesBackTheGroupsInTheOrderIssued) {
  buffer_.Issue(Prompts(40, 3), Sampling(), 7);
  auto leases = LeaseNow("w");
  ASSERT_THAT(leases, SizeIs(3));
  EXPECT_EQ(leases[1].policy_version, 7);
  std::swap(leases[0], leases[2]);
  SubmitAll("w", leases);
  const auto groups = buffer_.Take();
  ASSERT_THAT(*groups, SizeIs(3));
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*groups)[i].prompt.ordinal, 40 + i);
    EXPECT_EQ((*groups)[i].prompt.text, "text");  // that which was issued
  }
}

TEST_F(GroupBufferTest, LeasesNoMoreThanAsked) {
  buffer_.Issue(Prompts(0, 16), Sampling(), 0);
  EXPECT_THAT(LeaseNow("a", 5), SizeIs(5));
}

TEST_F(GroupBufferTest, SaysWhoWaitsForWhomSinceWhen) {
  EXPECT_EQ(buffer_.Describe(), "no step is open");
  buffer_.Issue(Prompts(188, 4), Sampling(), 0);
  EXPECT_EQ(buffer_.Describe(),
            "step waits for 4 of 4 groups: ordinals 188, 189, 190, 191 not leased, 0 live workers");
  const auto first = LeaseNow("host-12-0", 1);
  SubmitAll("host-12-0", first);
  LeaseNow("host-12-0", 2);
  clock_.Advance(6200ms);
  EXPECT_EQ(buffer_.Describe(),
            "step waits for 3 of 4 groups: ordinals 189, 190 leased to host-12-0 since 6.2 s; "
            "ordinal 191 not leased, 1 live workers");
}

TEST_F(GroupBufferTest, TakeReportsWhileItWaitsAndEndsWhenStopped) {
  buffer_.Issue(Prompts(0, 2), Sampling(), 0);
  SubmitAll("w", LeaseNow("w", 1));
  std::vector<TakeProgress> told;
  const auto groups = buffer_.Take([&](const TakeProgress& progress) {
    told.push_back(progress);
    if (!progress.who_waits_for_whom.empty()) buffer_.Stop();
  });
  EXPECT_FALSE(groups);
  EXPECT_GE(told.size(), 4u);
  EXPECT_EQ(told[0].who_waits_for_whom, "");
  EXPECT_EQ(told[0].back, 1);
  EXPECT_EQ(told[0].issued, 2);
  EXPECT_THAT(told.back().who_waits_for_whom, HasSubstr("waits for 1 of 2 groups"));
}

TEST_F(GroupBufferTest, EveryWorkerHearsThatTheRunIsOver) {
  std::thread waiting([&] { EXPECT_FALSE(buffer_.LeasePrompts("w", 1, 1h)); });
  std::this_thread::sleep_for(20ms);
  buffer_.Finish();
  waiting.join();
}

TEST_F(GroupBufferTest, AWaitingWorkerGetsPromptsAsSoonAsTheyAreIssued) {
  std::thread waiting([&] { EXPECT_THAT(*buffer_.LeasePrompts("w", 9, 1h), SizeIs(3)); });
  std::this_thread::sleep_for(20ms);
  buffer_.Issue(Prompts(0, 3), Sampling(), 0);
  waiting.join();
}

TEST_F(GroupBufferTest, HoldsOneBatchAtATime) {
  EXPECT_THROW(buffer_.Take(), Error);
  EXPECT_THROW(buffer_.Issue({}, Sampling(), 0), Error);
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  EXPECT_THROW(buffer_.Issue(Prompts(1, 1), Sampling(), 0), Error);
}

// Workers that lease, die holding leases, come back under other names, and repeat themselves.

void UnreliableWorker(GroupBuffer& buffer, int number, std::atomic<int64_t>& accepted) {
  std::mt19937 random(static_cast<uint32_t>(number));
  int life = 0;
  while (true) {
    const std::string name = std::to_string(number) + "-" + std::to_string(life);
    const auto leases = buffer.LeasePrompts(name, 1 + random() % 4, 5ms);
    if (!leases) return;
    for (const Lease& lease : *leases) {
      if (random() % 8 == 0) {  // killed: the rest of its leases never come back
        ++life;
        if (random() % 2) buffer.Forget(name);
        break;
      }
      if (random() % 16 == 0) std::this_thread::sleep_for(15ms);  // late
      for (uint32_t repeat = random() % 3; repeat < 3; ++repeat)
        accepted += buffer.Submit(name, Answer(lease)) == SubmitVerdict::kAccepted;
    }
  }
}

TEST(GroupBufferStress, AcceptsEveryIssuedPromptExactlyOnceThoughWorkersDie) {
  constexpr int64_t kBatches = 150, kPrompts = 16;
  GroupBuffer buffer({.lease_time = 10ms, .vocab_size = kVocab, .eos_tokens = {kEos}});
  std::atomic<int64_t> accepted = 0;
  std::vector<std::thread> workers;
  for (int w = 0; w < 8; ++w)
    workers.emplace_back([&, w] { UnreliableWorker(buffer, w, accepted); });

  for (int64_t batch = 0; batch < kBatches; ++batch) {
    buffer.Issue(Prompts(batch * kPrompts, kPrompts), Sampling(), batch);
    const auto groups = buffer.Take();
    ASSERT_THAT(*groups, SizeIs(kPrompts));
    for (int64_t i = 0; i < kPrompts; ++i) {
      EXPECT_EQ((*groups)[i].prompt.ordinal, batch * kPrompts + i);
      EXPECT_EQ((*groups)[i].policy_version, batch);
    }
  }
  buffer.Finish();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(accepted, kBatches * kPrompts);
}

}  // namespace
}  // namespace r1zero
