#include "grpo/summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "grpo/json_file.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Evaluation Measured(double temperature, double pass1, double pass8) {
  Evaluation e;
  e.temperature = temperature;
  e.problems = 500;
  e.samples = 8;
  const auto around = [](double v) { return Estimate{v, v - 0.02, v + 0.02}; };
  e.pass_at = {{1, around(pass1)}, {2, around(0.5)}, {4, around(0.6)}, {8, around(pass8)}};
  e.format = around(0.42);
  e.mean_length = {22, 21, 23};
  e.truncated = around(0.05);
  e.counts = {{"wait", {0.7, 0.6, 0.8}}};
  return e;
}

Summary Example(double before, double before_8, double after) {
  Summary s;
  s.run = "signs";
  s.simd = "AVX2";
  s.seed = 3;
  s.base = {Measured(1, before, before_8), Measured(0.6, before, before_8)};
  s.final = {Measured(1, after, 0.99), Measured(0.6, after, 0.99)};
  s.progress.step = 160;
  s.progress.tokens_generated = 2'000'000;
  s.weight_sha256 = "beef";
  s.readiness = {{"sums", 0.99}};
  return s;
}

TEST(SummaryJson, HasThePlainKeysAndAnObjectATemperature) {
  const Json json = Json::parse(SummaryJson(Example(0.2, 0.8, 0.78)));
  EXPECT_EQ(json["base"]["pass@1"], 0.2);
  EXPECT_EQ(json["base"]["pass@8"], 0.8);
  EXPECT_EQ(json["base"]["pass@1_ci"][1], 0.22);
  EXPECT_EQ(json["base"]["format"], 0.42);
  EXPECT_EQ(json["base"]["mean_length"], 22);
  EXPECT_EQ(json["base"]["tries"], 0.7);
  EXPECT_EQ(json["final"]["pass@1"], 0.78);
  EXPECT_EQ(json["final"]["temperature_0.6"]["pass@1"], 0.78);
  EXPECT_EQ(json["final"]["temperature_1"]["temperature"], 1);
  EXPECT_EQ(json["simd"], "AVX2");
  EXPECT_EQ(json["steps"], 160);
  EXPECT_EQ(json["tokens"]["generated"], 2'000'000);
  EXPECT_TRUE(json["seconds"].contains("rollout"));
  EXPECT_EQ(json["weight_sha256"], "beef");
  EXPECT_EQ(json["readiness"]["sums"], 0.99);
}

TEST(SummaryJson, OfARunWithoutEvaluationsSaysSo) {
  EXPECT_TRUE(Json::parse(SummaryJson({}))["base"].is_null());
}

TEST(SummaryText, ClaimsElicitationWhereTheBaseCouldDoIt) {
  const std::string text = SummaryText(Example(0.2, 0.8, 0.78));
  EXPECT_THAT(text, HasSubstr("pass@1 rose from 0.20 to 0.78"));
  EXPECT_THAT(text, HasSubstr("80% of these problems within 8 tries"));
  EXPECT_THAT(text, HasSubstr("no new skill is claimed"));
  EXPECT_THAT(text, HasSubstr("temperature 0.6"));
}

TEST(SummaryText, HasTheMajorityVoteWhereItWasMeasured) {
  Summary s = Example(0.2, 0.8, 0.78);
  EXPECT_THAT(SummaryText(s), Not(HasSubstr("maj@")));
  s.final[0].maj_at = {{1, {0.78, 0.76, 0.8}}, {8, {0.9, 0.88, 0.92}}};
  EXPECT_THAT(SummaryText(s), HasSubstr("  maj@8                 -                       "
                                        "0.900 [0.880, 0.920]\n"));
  s.base[0].maj_at = {{8, {0.3, 0.28, 0.32}}};
  EXPECT_THAT(SummaryText(s), HasSubstr("  maj@8                 0.300 [0.280, 0.320]    "
                                        "0.900 [0.880, 0.920]\n"));
  EXPECT_EQ(Json::parse(SummaryJson(s))["final"]["maj@8"], 0.9);
}

TEST(SummaryText, ClaimsNothingThatChanceExplains) {
  EXPECT_THAT(SummaryText(Example(0.2, 0.8, 0.23)), HasSubstr("No gain is shown"));
  EXPECT_THAT(SummaryText(Example(0.2, 0.8, 0.1)), HasSubstr("got worse"));
  EXPECT_THAT(SummaryText(Example(0.2, 0.5, 0.9)), Not(HasSubstr("no new skill is claimed")));
}

TEST(Summary, PairsEvaluationsByTemperature) {
  Summary s = Example(0.2, 0.8, 0.78);
  s.base[1] = Measured(0.6, 0.3, 0.8);
  std::swap(s.final[0], s.final[1]);  // the base has 1 first
  const Json json = Json::parse(SummaryJson(s));
  EXPECT_EQ(json["base"]["temperature"], 0.6);
  EXPECT_EQ(json["base"]["pass@1"], 0.3);
  EXPECT_EQ(json["final"]["temperature"], 0.6);
  EXPECT_THAT(SummaryText(s), HasSubstr("pass@1 rose from 0.30 to 0.78"));
  EXPECT_THAT(SummaryText(s), Not(HasSubstr("other settings")));
}

TEST(Summary, ComparesNothingThatWasMeasuredOtherwise) {
  for (const auto& spoil : std::vector<std::function<void(Evaluation&)>>{
           [](Evaluation& e) { e.temperature = 0.9; }, [](Evaluation& e) { e.samples = 4; },
           [](Evaluation& e) { e.problems = 30; }}) {
    Summary s = Example(0.2, 0.8, 0.78);
    spoil(s.base[0]);
    for (const std::string& said :
         {SummaryText(s), Json::parse(SummaryJson(s))["verdict"].get<std::string>()}) {
      EXPECT_THAT(said, HasSubstr("The base was measured with other settings ("));
      EXPECT_THAT(said, Not(HasSubstr("rose")));
    }
    EXPECT_FALSE(Json::parse(SummaryJson(s))["base"].contains("pass@1"));
    EXPECT_THAT(SummaryText(s), HasSubstr("right format          -"));
    EXPECT_THAT(SummaryText(s), HasSubstr("0.420 [0.400, 0.440]    0.420 [0.400, 0.440]"))
        << "temperature 0.6 was measured alike";
  }
}

TEST(Summary, PairsCountedWordsByName) {
  Summary s = Example(0.2, 0.8, 0.78);
  s.base[0].counts = {{"ok", {9, 9, 9}}, {"wait", {0.7, 0.6, 0.8}}};
  EXPECT_THAT(SummaryText(s), HasSubstr("'wait' a completion   0.70 [0.60, 0.80]"));
  EXPECT_THAT(SummaryText(s), Not(HasSubstr("9.00")));
}

}  // namespace
}  // namespace r1zero
