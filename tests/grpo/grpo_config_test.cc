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

std::string EvalRefusal(const EvalConfig& config) {
  try {
    Check(config);
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

TEST(EvalConfig, RefusesTemperaturesThatAreNone) {
  for (const char* bad : {"inf", "nan", "-1", "1e300", "1e-50", "hot", "", "1 "})
    EXPECT_THAT(EvalRefusal({.temperatures = {"1", bad}}), testing::HasSubstr("eval.temperatures"));
  EXPECT_EQ(EvalRefusal({.temperatures = {"0", "0.6", "1"}}), "");
}

TEST(EvalConfig, RefusesCountedWordsThatAreNamesOfMetrics) {
  for (const char* bad : {"mean_length", "format", "format_low", "pass@1", "pass@1_high", "maj@8",
                          "wait", "clipped_ratio", "min_length", "wait_low", ""})
    EXPECT_THAT(EvalRefusal({.count = {"wait", bad}}), testing::HasSubstr("eval.count")) << bad;
  EXPECT_EQ(EvalRefusal({.count = {"wait", "low", "passed"}}), "");
}

}  // namespace
}  // namespace r1zero
