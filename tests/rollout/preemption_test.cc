// A small KV budget changes when a token is computed, never which.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rollout/lease_check.h"
#include "rollout/scheduler.h"
#include "tests/rollout/counting_decoder.h"
#include "tests/rollout/drain.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

constexpr int32_t kLongest = 90;  // tokens of the longest sequence: 6 blocks

// Groups of 1 to 8, prompts of 1 to 40 tokens and any room for the completions.
std::vector<Lease> MixedLeases(uint64_t seed, int count) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<Lease> leases;
  for (int i = 0; i < count; ++i) {
    Lease lease = TestLease(i, 1 + static_cast<int32_t>(random.Below(8)));
    const auto prompt_tokens = static_cast<int32_t>(lease.prompt.tokens.size());
    lease.sampling.max_total_tokens =
        prompt_tokens + 1 + static_cast<int32_t>(random.Below(kLongest - prompt_tokens));
    leases.push_back(lease);
  }
  return leases;
}

TEST(Preemption, ChangesNoBitDownToTheBudgetOfOneSequence) {
  int64_t preempted = 0;
  for (uint64_t seed = 0; seed < 3; ++seed) {
    const std::vector<Lease> leases = MixedLeases(seed, 14);
    auto roomy = TestEngine({.max_sequences = 128});
    const auto expected = RunAll(*roomy, leases);
    EXPECT_EQ(roomy->preemptions(), 0);
    for (const int64_t blocks :
         {LeastKvBlocks(kLongest), int64_t{7}, int64_t{9}, int64_t{14}, int64_t{25}, int64_t{60}})
      for (const int64_t max_prefill_tokens : {1, 13, 1000}) {
        auto engine = TestEngine(
            {.max_sequences = 30, .max_prefill_tokens = max_prefill_tokens, .kv_blocks = blocks});
        const auto groups = RunAll(*engine, leases);
        ExpectSameBits(groups, expected);
        int64_t preemptions = 0, tokens_prefilled = 0;
        for (const auto& [ordinal, group] : groups) {
          preemptions += group.preemptions;
          tokens_prefilled += group.tokens_prefilled;
        }
        EXPECT_EQ(preemptions, engine->preemptions());
        EXPECT_EQ(tokens_prefilled, engine->tokens_prefilled());
        EXPECT_EQ(engine->num_free_blocks(), blocks);
        EXPECT_EQ(engine->tokens_sampled(), roomy->tokens_sampled());
        EXPECT_GT(engine->preemptions() + (blocks > 14), 0) << blocks;
        preempted += engine->preemptions();
      }
  }
  EXPECT_GT(preempted, 500);
}

TEST(Preemption, NeverPutsOffTheOldestGroup) {
  const std::vector<Lease> leases = MixedLeases(7, 10);
  const EngineConfig small{.max_sequences = 40, .kv_blocks = 8};
  for (size_t first = 0; first < leases.size(); ++first) {
    Lease lease = leases[first];
    lease.sampling.group_size = 1;
    auto alone = TestEngine(small), crowded = TestEngine(small);
    alone->Add(lease);
    crowded->Add(lease);
    for (const Lease& other : leases)
      if (other.id != lease.id) crowded->Add(other);
    while (alone->Step().empty()) crowded->Step();
    // The crowd has not cost it one step.
    bool is_back = false;
    for (const Group& group : crowded->Step()) is_back |= group.lease_id == lease.id;
    EXPECT_TRUE(is_back) << first;
  }
}

TEST(Preemption, ResumesFromTheBlocksThatItsPromptFills) {
  // Of the 40 prompt tokens 32 fill blocks; completions decode from position 40 on.
  Lease lease = TestLease(8, 8);
  lease.sampling.max_total_tokens = 90;
  CountingDecoder::Counts counts;
  const EngineConfig config{.max_sequences = 8, .kv_blocks = 10};
  Engine engine(std::make_unique<CountingDecoder>(
                    MakeCpuDecoder(TestPolicy(), 10, MaxBatchTokens(config)), counts),
                config);
  engine.SetWeights(TestWeights(0));
  ExpectSameBits(RunAll(engine, {lease}), RunAll(*TestEngine({}), {lease}));
  const int64_t whole = counts.inputs_at[0] - 1, shared = counts.inputs_at[32];
  EXPECT_GT(shared, 0);
  EXPECT_EQ(whole + shared, engine.preemptions());
  // Besides, every sampled token but the last of each sample is run once, by decode or by resuming.
  EXPECT_LE(counts.tokens, engine.tokens_prefilled() + engine.tokens_sampled() - 8);
}

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
