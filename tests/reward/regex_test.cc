#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

TEST(RegexVerifier, TheWholeAnswerMatches) {
  const std::vector<Case> cases = {
      {"<answer>cat</answer>", "matches"},
      {"<answer> cats \n</answer>", "matches"},
      {"cat", "matches"},
      {"<think>dog</think>cats", "matches"},
      {"<answer>a cat</answer>", "different"},
      {"<answer>cat</answer> x <answer>cat</answer>", "two_answers"},
      {"<answer></answer>", "no_answer"},
      {"<think>cat", "no_answer"},
  };
  for (const Case& c : cases) {
    const Verdict verdict = JudgeBy("regex", c.completion, "cats?");
    EXPECT_EQ(verdict.reason, c.reason) << c.completion;
    EXPECT_EQ(verdict.outcome == Outcome::kCorrect, c.reason == "matches") << c.completion;
  }
}

TEST(RegexVerifier, AnyBytesAndAnyPatternAreJudgedInLinearTime) {
  EXPECT_EQ(JudgeBy("regex", "\xff\xfe", "\\xff\\xfe").reason, "matches");
  EXPECT_EQ(JudgeBy("regex", std::string(1 << 20, 'a') + "b", "(a*)*c").reason, "different");
  for (const char* bad : {"", "(", "a{1001}", "a*", "[z-a]", "(?=x)"}) {
    EXPECT_NE(MakeVerifier("regex")->CheckGold(bad), "") << bad;
    EXPECT_EQ(JudgeBy("regex", "a", bad).outcome, Outcome::kUndecided) << bad;
  }
  EXPECT_THAT(MakeVerifier("regex")->CheckGold("a("),
              testing::HasSubstr("no regular expression of RE2: missing ): a("));
  EXPECT_NE(MakeVerifier("regex")->CheckGold(std::string(5000, 'a')), "");
}

}  // namespace
}  // namespace r1zero
