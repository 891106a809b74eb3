#include "rollout/rollout_config.h"

#include <gtest/gtest.h>

#include "common/error.h"

namespace r1zero {
namespace {

TEST(RolloutConfig, ReadsItsKeysAndWritesThemBack) {
  RolloutConfig config;
  const auto describe = [&](Fields& f) { f.Section("rollout", "", [&] { Describe(f, config); }); };
  ReadConfig("",
             std::vector<std::string>{"rollout.workers=3", "rollout.max_sequences=64",
                                      "rollout.kv_blocks=99", "rollout.temperature=0.7",
                                      "rollout.top_k=5", "rollout.top_p=0.9", "rollout.min_p=0.05",
                                      "rollout.repetition_penalty=1.2"},
             describe);
  EXPECT_EQ(config.workers, 3);
  EXPECT_EQ(config.engine.max_sequences, 64);
  EXPECT_EQ(config.engine.kv_blocks, 99);
  EXPECT_EQ(config.temperature, 0.7);
  EXPECT_EQ(config.top_k, 5);
  EXPECT_EQ(config.top_p, 0.9);
  EXPECT_EQ(config.min_p, 0.05);
  EXPECT_EQ(config.repetition_penalty, 1.2);
  EXPECT_NE(WriteConfig(describe).find("max_prefill_tokens = 1024"), std::string::npos);
  for (const char* bad :
       {"rollout.max_sequences=0", "rollout.temperature=0", "rollout.worker=1",
        "rollout.kv_blocks=1073741824", "rollout.top_k=-1", "rollout.top_p=0", "rollout.top_p=1.1",
        "rollout.min_p=1", "rollout.repetition_penalty=0", "rollout.temperature=-1"})
    EXPECT_THROW(ReadConfig("", std::vector<std::string>{bad}, describe), Error) << bad;

  EXPECT_NO_THROW(Check(config));
  ReadConfig("", std::vector<std::string>{R"(rollout.stop=["</answer>", "a,b"])"}, describe);
  EXPECT_EQ(config.stop, (std::vector<std::string>{"</answer>", "a,b"}));
  EXPECT_NO_THROW(Check(config));
  ReadConfig("", std::vector<std::string>{R"(rollout.stop=[""])"}, describe);
  EXPECT_THROW(Check(config), Error);
}

}  // namespace
}  // namespace r1zero
