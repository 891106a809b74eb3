#include "grpo/grpo_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"

namespace r1zero {
namespace {

// What `override` of [grpo] or [pretrain] is refused for; empty: it is not.
std::string Refusal(const std::string& override) {
  GrpoConfig grpo;
  PretrainConfig pretrain;
  try {
    ReadConfig("", std::vector<std::string>{override}, [&](Fields& f) {
      f.Section("grpo", "", [&] { Describe(f, grpo); });
      f.Section("pretrain", "", [&] { Describe(f, pretrain); });
    });
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(GrpoConfig, RefusesSettingsThatMakeAdamDivideByZero) {
  for (const char* bad :
       {"grpo.beta1=1", "grpo.beta2=1", "grpo.eps=0", "pretrain.beta1=1", "pretrain.beta2=1"})
    EXPECT_THAT(Refusal(bad), testing::HasSubstr(bad));
  for (const char* good : {"grpo.beta1=0", "grpo.beta2=0.9999", "grpo.eps=1e-15"})
    EXPECT_EQ(Refusal(good), "");
}

}  // namespace
}  // namespace r1zero
