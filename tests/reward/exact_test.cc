#include <gtest/gtest.h>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

TEST(ExactVerifier, AcceptsTheGoldUpToBlanks) {
  const std::vector<Case> cases = {
      {"<answer>New York</answer>", "equal"},
      {"<think>x</think>\n<answer>\n New \t York </answer>", "equal"},
      {"New York", "equal"},
      {" New\nYork ", "equal"},
      {"<think>Boston?</think> New York", "equal"},
      {"<answer>new york</answer>", "different"},
      {"<answer>NewYork</answer>", "different"},
      {"<answer>New York or Boston</answer>", "different"},
      {"It is New York", "different"},
      {"<answer>New York</answer><answer>Boston</answer>", "two_answers"},
      {"<answer>Boston</answer><answer>New York</answer>", "two_answers"},
      {"<answer>New York", "unclosed_answer"},
      {"<think><answer>New York</answer>", "answer_in_think"},
      {"<think>New York", "no_answer"},
      {"<think>x</think>", "no_answer"},
      {"<answer> </answer>", "no_answer"},
      {"", "no_answer"},
      {std::string("New York\0", 9), "different"},
  };
  for (const Case& c : cases) ExpectReason("exact", " New  York\n", c);
}

TEST(ExactVerifier, EmptyIsNotEqualToEmpty) {
  for (const char* completion : {"", "<answer></answer>"}) {
    const Verdict verdict = JudgeBy("exact", completion, " \n");
    EXPECT_EQ(verdict.outcome, Outcome::kUndecided);
    EXPECT_EQ(verdict.reason, "bad_gold");
  }
  EXPECT_NE(MakeVerifier("exact")->CheckGold(""), "");
  EXPECT_EQ(MakeVerifier("exact")->CheckGold("x"), "");
}

TEST(ExactVerifier, BytesThatAreNotUtf8AreCompared) {
  EXPECT_EQ(JudgeBy("exact", "\xff\xfe", "\xff\xfe").reason, "equal");
  EXPECT_EQ(JudgeBy("exact", "\xff", "\xfe").reason, "different");
}

}  // namespace
}  // namespace r1zero
