#include "rollout/rollout_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "rollout/lease_check.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

RolloutDemand Demand() {
  return {.group_size = 16, .eval_samples = 8, .max_total_tokens = 90, .longest_prompt_tokens = 30};
}

std::string Refusal(const EngineConfig& config, const RolloutDemand& demand) {
  try {
    CheckRollout(config, TestPolicy(), demand);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(CheckRollout, TakesWhatTheDefaultsCanServe) { EXPECT_EQ(Refusal({}, Demand()), ""); }

TEST(CheckRollout, NamesTheKeysOfWhatNoWorkerCouldServe) {
  RolloutDemand demand = Demand();
  demand.group_size = 300;
  EXPECT_THAT(Refusal({}, demand), AllOf(HasSubstr("grpo.group_size is 300"),
                                         HasSubstr("rollout.max_sequences is 256")));
  demand = Demand();
  demand.eval_samples = 512;
  EXPECT_THAT(Refusal({}, demand),
              AllOf(HasSubstr("eval.samples is 512"), HasSubstr("rollout.max_sequences is 256")));
  demand = Demand();
  demand.max_total_tokens = 97;
  EXPECT_THAT(Refusal({}, demand),
              AllOf(HasSubstr("rollout.max_total_tokens is 97"), HasSubstr("max_positions is 96")));
  demand = Demand();
  demand.longest_prompt_tokens = 90;
  EXPECT_THAT(Refusal({}, demand),
              AllOf(HasSubstr("a prompt has 90 tokens"), HasSubstr("rollout.max_total_tokens")));
  EXPECT_THAT(Refusal({.kv_blocks = 50}, Demand()),
              AllOf(HasSubstr("grpo.group_size is 16"), HasSubstr("rollout.kv_blocks is 50")));
}

TEST(CheckRollout, SaysHowManyBytesABlockCountWouldTake) {
  // 2 layers x 2 heads x 6 wide x keys and values x 16 tokens x 4 bytes = 3072 bytes a block.
  EXPECT_EQ(KvCacheBytes(TestPolicy(), 1), 3072);
  EXPECT_THAT(Refusal({.kv_blocks = int64_t{1} << 30}, Demand()),
              AllOf(HasSubstr("3298.53 GB"), HasSubstr("lower rollout.kv_blocks")));
  RolloutDemand demand = Demand();
  demand.memory_bytes = 1'000'000;
  EXPECT_THAT(Refusal({}, demand), HasSubstr("rollout.max_sequences"));
}

// The engine itself is the oracle: what is accepted it takes, what is one block short it does not.
TEST(CheckRollout, AgreesWithTheEngine) {
  RolloutDemand demand{.group_size = 5, .max_total_tokens = 60, .longest_prompt_tokens = 40};
  for (int64_t blocks = 1; blocks < 30; ++blocks) {
    const EngineConfig config{.max_sequences = 8, .kv_blocks = blocks};
    bool engine_takes_all = true;
    for (int64_t ordinal = 0; ordinal < 9; ++ordinal) {  // prompts of 1 to 40 tokens
      Lease lease = TestLease(ordinal, 5);
      lease.sampling.max_total_tokens = 60;
      engine_takes_all &= NeedOf(lease).Total(5) <= blocks;
      try {
        TestEngine(config)->Add(lease);
        EXPECT_LE(NeedOf(lease).Total(5), blocks);
      } catch (const Error&) {
        EXPECT_GT(NeedOf(lease).Total(5), blocks);
      }
    }
    EXPECT_EQ(Refusal(config, demand).empty(), engine_takes_all) << blocks;
  }
}

}  // namespace
}  // namespace r1zero
