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
  EXPECT_EQ(Refusal({.kv_blocks = 6}, Demand()), "");
  EXPECT_THAT(Refusal({.kv_blocks = 5}, Demand()),
              AllOf(HasSubstr("rollout.kv_blocks is 5,"), HasSubstr("max_total_tokens 90 needs 6"),
                    HasSubstr("raise rollout.kv_blocks to at least 6")));
}

TEST(CheckRollout, SaysHowManyBytesABlockCountWouldTake) {
  // 2 layers x 2 heads x (keys of 6, values padded to 16) x 16 tokens x 4 bytes = 5632 bytes a block.
  EXPECT_EQ(KvCacheBytes(TestPolicy(), 1, kernels::Storage::kFloat32), 5632);
  EXPECT_EQ(KvCacheBytes(TestPolicy(), 1, kernels::Storage::kBfloat16), 2816);
  EXPECT_THAT(Refusal({.kv_blocks = int64_t{1} << 30}, Demand()),
              AllOf(HasSubstr("6047.31 GB"), HasSubstr("lower rollout.kv_blocks")));
  EXPECT_THAT(Refusal({.max_sequences = 1 << 30}, Demand()),
              HasSubstr("lower rollout.max_sequences or rollout.max_total_tokens"));
}

// The engine itself is the oracle: what is accepted it serves, what is one block short it refuses.
TEST(CheckRollout, AgreesWithTheEngine) {
  for (const int32_t max_total_tokens : {48, 49, 50, 64, 65, 66}) {
    const RolloutDemand demand{
        .group_size = 5, .max_total_tokens = max_total_tokens, .longest_prompt_tokens = 40};
    for (int64_t blocks = 1; blocks < 8; ++blocks) {
      const EngineConfig config{.max_sequences = 8, .kv_blocks = blocks};
      Lease lease = TestLease(8, 5);  // of 40 tokens
      lease.sampling.max_total_tokens = max_total_tokens;
      auto engine = TestEngine(config);
      if (!Refusal(config, demand).empty()) {
        EXPECT_THROW(engine->Add(lease), Error);
        continue;
      }
      engine->Add(lease);
      size_t groups = 0;
      while (!engine->idle()) groups += engine->Step().size();
      EXPECT_EQ(groups, 1);
    }
  }
}

}  // namespace
}  // namespace r1zero
