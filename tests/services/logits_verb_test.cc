// r1zero logits from its command line to its exit status, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grpo/json_file.h"
#include "services/verbs.h"
#include "tests/services/eval_model.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

class LogitsVerb : public testing::Test {
 protected:
  LogitsVerb() { SaveEvalModel(folder_ / "model"); }
  Ran Logits(std::vector<std::string> more) const {
    more.insert(more.end(), {"--model", (folder_ / "model").string()});
    return RunVerb(LogitsMain, more);
  }
  void IsBadUsage(const std::vector<std::string>& flags, const std::string& reason) const {
    const Ran ran = Logits(flags);
    EXPECT_EQ(ran.status, 2) << reason;
    EXPECT_THAT(ran.err, HasSubstr(reason));
    EXPECT_EQ(ran.out, "");
  }
  const TestFolder folder_;
};

TEST_F(LogitsVerb, PrintsWhatFollowsTheLastId) {
  const Ran ran = Logits({"--ids", "1, 2 3", "--last", "--top", "2", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json line = Json::parse(ran.out);
  EXPECT_EQ(line.at("position"), 2);
  EXPECT_EQ(line.at("id"), 3);
  EXPECT_GE(line.at("top")[0].at("logit"), line.at("top")[1].at("logit"));
}

TEST_F(LogitsVerb, WhatCannotBeReadIsBadUsage) {
  IsBadUsage({"--ids", ""}, "no token ids");
  IsBadUsage({"--ids", "1 x"}, "'x' is not a token id");
  IsBadUsage({"--ids", "1 99999999999"}, "'99999999999' is not a token id");
  IsBadUsage({"--ids", "1 -2"}, "-2 is no token of the model");
  IsBadUsage({"--ids", "1 1000000"}, "1000000 is no token of the model, whose are 0 to ");
  IsBadUsage({"--ids", "1", "--greedy", "9223372036854775807"}, "the model has 48 positions");
  EXPECT_EQ(RunVerb(LogitsMain, {"--model", "none", "--ids", "1"}).status, 2);
}

TEST_F(LogitsVerb, FillsEveryPositionOfTheModelAndNoMore) {
  std::string ids;
  for (int i = 0; i < kTestContext; ++i) ids += "1 ";
  EXPECT_EQ(Logits({"--ids", ids, "--greedy", "1"}).status, 0);
  IsBadUsage({"--ids", ids + "1"}, "49 tokens");
}

TEST_F(LogitsVerb, LogitsThatAreNoNumbersAreAnErrorAndNotPrinted) {
  HfFolder model = LoadHfFolder(folder_ / "model");
  for (float& w : model.weights->flat) w *= 1e15f;
  SaveHfFolder(folder_ / "model", *model.weights, *model.tokenizer);
  for (const char* form : {"--json", "--last"}) {
    const Ran ran = Logits({"--ids", "1 2 3", form});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("is not finite"));
    EXPECT_EQ(ran.out, "");
  }
}

}  // namespace
}  // namespace r1zero
