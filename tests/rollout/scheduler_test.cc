#include "rollout/scheduler.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

// What the engine does with the scheduler, but every sequence goes on until it is told to end.
void StepAll(Scheduler& scheduler) {
  scheduler.Schedule();
  for (Sequence& sequence : scheduler.running()) {
    sequence.tokens_run = sequence.num_tokens();
    sequence.logits_row = 0;
  }
  scheduler.Fork();
  for (Sequence& sequence : scheduler.running()) sequence.completion().tokens.push_back(5);
}

std::vector<uint64_t> RunningLeases(Scheduler& scheduler) {
  std::vector<uint64_t> leases;
  for (const Sequence& sequence : scheduler.running())
    leases.push_back(sequence.group->group.lease_id);
  return leases;
}

int64_t NumPrompts(Scheduler& scheduler, uint64_t lease_id) {
  return std::ranges::count_if(scheduler.running(), [&](const Sequence& sequence) {
    return sequence.is_prompt() && sequence.group->group.lease_id == lease_id;
  });
}

TEST(Scheduler, GroupsThatItSaysItHasRoomForAreAdmittedAtOnce) {
  int64_t some = 0, none = 0;
  for (uint64_t seed = 0; seed < 40; ++seed) {
    const auto decoder = MakeCpuDecoder(TestPolicy(), 12 + static_cast<int64_t>(seed), 64);
    decoder->SetWeights(TestWeights(0));
    Scheduler scheduler(*decoder, /*max_sequences=*/24);
    for (const Lease& lease : MixedLeases(seed, 6)) {
      const int64_t room = scheduler.RoomFor(lease);
      for (int64_t i = 0; i < room; ++i) scheduler.Add(lease);
      scheduler.Schedule();
      EXPECT_EQ(NumPrompts(scheduler, lease.id), room) << seed;
      ++(room > 0 ? some : none);
      scheduler.Add(TestLease(103, 2));  // may wait
      for (int i = 0; i < 5; ++i) StepAll(scheduler);
      for (Sequence& sequence : scheduler.running()) sequence.is_finished = true;
      scheduler.TakeFinished();
    }
  }
  EXPECT_GT(some, 50);
  EXPECT_GT(none, 20);
}

TEST(Scheduler, HasRoomForAsManyGroupsAsItsBlocksCanStart) {
  const auto decoder = MakeCpuDecoder(TestPolicy(), 20, 64);
  decoder->SetWeights(TestWeights(0));
  Scheduler scheduler(*decoder, /*max_sequences=*/1000);
  Lease lease = TestLease(8, 3);  // 40 tokens: 3 blocks, and one for each of 3 samples
  lease.sampling.max_total_tokens = 90;
  EXPECT_EQ(scheduler.RoomFor(lease), 3);  // 18 blocks; 1 is kept free
  for (int i = 0; i < 4; ++i) scheduler.Add(lease);
  EXPECT_EQ(scheduler.RoomFor(lease), 0) << "four wait";
  scheduler.Schedule();
  EXPECT_EQ(NumPrompts(scheduler, lease.id), 3);
  EXPECT_EQ(scheduler.RoomFor(lease), 0) << "one waits";
}

TEST(Scheduler, ResumesBeforeItAdmits) {
  const auto decoder = MakeCpuDecoder(TestPolicy(), 9, 64);
  decoder->SetWeights(TestWeights(0));
  Scheduler scheduler(*decoder, /*max_sequences=*/40);
  Lease first = TestLease(8, 3), tiny = TestLease(0, 1);  // 40 tokens; 1 token
  first.sampling.max_total_tokens = 90;
  tiny.sampling.max_total_tokens = 3;
  scheduler.Add(first);
  while (scheduler.preemptions() == 0) StepAll(scheduler);
  scheduler.Add(tiny);
  const uint64_t id = first.id;
  EXPECT_EQ(RunningLeases(scheduler), (std::vector<uint64_t>{id, id}));
  for (int i = 0; i < 3; ++i) StepAll(scheduler);  // there is room for the tiny one
  EXPECT_GE(scheduler.num_free_blocks(), 1);
  EXPECT_EQ(RunningLeases(scheduler), (std::vector<uint64_t>{id, id}));
  scheduler.running()[0].is_finished = true;
  scheduler.TakeFinished();
  StepAll(scheduler);
  EXPECT_EQ(RunningLeases(scheduler), (std::vector<uint64_t>{id, id, tiny.id}));
}

}  // namespace
}  // namespace r1zero
