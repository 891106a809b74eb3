// A small KV budget changes when a token is computed, never which.
#include <gtest/gtest.h>

#include "rollout/lease_check.h"
#include "tests/rollout/counting_decoder.h"
#include "tests/rollout/drain.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

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

}  // namespace
}  // namespace r1zero
