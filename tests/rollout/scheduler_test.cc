#include "rollout/scheduler.h"

#include <gtest/gtest.h>

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
