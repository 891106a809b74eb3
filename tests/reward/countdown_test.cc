#include <gtest/gtest.h>

#include "tasks/countdown_problem.h"
#include "tests/reward/judge.h"

namespace r1zero {
namespace {

const char kGold[] = R"({"numbers":[3,5,8],"target":16})";

std::string Answer(const std::string& text) { return "<answer>" + text + "</answer>"; }

TEST(CountdownVerifier, AcceptsTheSolutionAndNothingLikeIt) {
  const std::vector<Case> cases = {
      {Answer("3+5+8"), "equal"},
      {Answer(" ( 8 + 3 )\n+ 5 "), "equal"},
      {Answer("(5-3)*8"), "equal"},
      {Answer("8\u00d7(5\u22123)"), "equal"},
      {Answer("((((8))))*(5-3)"), "equal"},
      {Answer("3+5+8=16"), "equal"},
      {Answer("3+5+8 = 16 "), "equal"},
      {Answer("3+5+8=15"), "wrong_claim"},
      {Answer("3*5-8=16"), "wrong_value"},
      {Answer("3+5*8"), "wrong_value"},
      {Answer("3+5+8=3+5+8"), "bad_expression"},
      {Answer("3+5=8+8=16"), "bad_expression"},
      {Answer("3+5+8=16=16"), "bad_expression"},
      {Answer("16=3+5+8"), "bad_expression"},
      {Answer("8+8"), "wrong_numbers"},
      {Answer("3+5+8+0"), "wrong_numbers"},
      {Answer("3+5+8+8-8"), "wrong_numbers"},
      {Answer("16"), "wrong_numbers"},
      {Answer("35-8"), "wrong_numbers"},
      {Answer("99999999999999999999999999*3+5"), "wrong_numbers"},
      {Answer("3/(5-5)+8"), "wrong_numbers"},
      {Answer(""), "bad_expression"},
      {Answer("3+5+"), "bad_expression"},
      {Answer("+3+5+8"), "bad_expression"},
      {Answer("-3+5+8"), "bad_expression"},
      {Answer("3--5+8"), "bad_expression"},
      {Answer("3**5+8"), "bad_expression"},
      {Answer("8//5+3"), "bad_expression"},
      {Answer("3^5+8"), "bad_expression"},
      {Answer("3.0+5+8"), "bad_expression"},
      {Answer("03+5+8"), "bad_expression"},
      {Answer("3 5 8"), "bad_expression"},
      {Answer("8(5-3)"), "bad_expression"},
      {Answer("(3+5)(8)"), "bad_expression"},
      {Answer("(3+5+8"), "bad_expression"},
      {Answer("3+5+8)"), "bad_expression"},
      {Answer("()"), "bad_expression"},
      {Answer("8x(5-3)"), "bad_expression"},
      {Answer("abs(3)+5+8"), "bad_expression"},
      {Answer("3e0+5+8"), "bad_expression"},
      {Answer("3+5+8 or 8*(5-3)"), "bad_expression"},
      {Answer("3+5+8, 8*(5-3)"), "bad_expression"},
      {Answer("\uff13+5+8"), "bad_expression"},
      {Answer("3\u00a0+5+8"), "bad_expression"},
      {Answer("\xff"), "bad_expression"},
      {Answer(std::string("3+5+8\0", 6)), "bad_expression"},
      {Answer("3+5+8=16.0"), "bad_expression"},
      {Answer(std::string(33, '(') + "3+5+8" + std::string(33, ')')), "too_deep"},
      {Answer(std::string(32, '(') + "3+5+8" + std::string(32, ')')), "equal"},
      {Answer("3+5+8" + std::string(1020, ' ')), "too_long"},
      {"<think>3+5+8</think>16", "no_answer"},
      {Answer("3+5+8") + Answer("3+5+8"), "two_answers"},
  };
  for (const Case& c : cases) ExpectReason("countdown", kGold, c);
}

TEST(CountdownVerifier, DividesExactly) {
  const std::string gold = R"({"numbers":[3,3,8,8],"target":24})";
  ExpectReason("countdown", gold, {Answer("8/(3-8/3)"), "equal"});
  ExpectReason("countdown", gold, {Answer("8/(3-8\u00f73)"), "equal"});
  ExpectReason("countdown", gold, {Answer("8/(8/3-3)"), "wrong_value"});
  ExpectReason("countdown", gold, {Answer("8/(3-3)*8"), "division_by_zero"});
  ExpectReason("countdown", R"({"numbers":[1,3,3],"target":1})", {Answer("1/3*3"), "equal"});
}

TEST(CountdownVerifier, DivisionByZeroIsWrongEvenForTargetZero) {
  ExpectReason("countdown", R"({"numbers":[0,0],"target":0})", {Answer("0/0"), "division_by_zero"});
  ExpectReason("countdown", R"({"numbers":[1,2,2],"target":0})",
               {Answer("1/(2-2)"), "division_by_zero"});
}

TEST(CountdownVerifier, NegativeTargetsAndClaimsAreRead) {
  const std::string gold = R"({"numbers":[3,5],"target":-2})";
  ExpectReason("countdown", gold, {Answer("3-5"), "equal"});
  ExpectReason("countdown", gold, {Answer("3-5=-2"), "equal"});
  ExpectReason("countdown", gold, {Answer("3-5=\u22122"), "equal"});
  ExpectReason("countdown", gold, {Answer("3-5=2"), "wrong_claim"});
}

TEST(CountdownVerifier, WhatDoesNotFitIntoTheArithmeticIsUndecided) {
  std::string numbers = "1000000000", product = "1000000000";
  for (int i = 0; i < 5; ++i) {
    numbers += ",1000000000";
    product += "*1000000000";
  }
  const std::string gold = "{\"numbers\":[" + numbers + "],\"target\":1}";
  const Verdict verdict = JudgeBy("countdown", Answer(product), gold);
  EXPECT_EQ(verdict.outcome, Outcome::kUndecided);
  EXPECT_EQ(verdict.reason, "overflow");
}

TEST(CountdownVerifier, AGoldThatIsNotUnderstoodIsUndecided) {
  const Verdict verdict = JudgeBy("countdown", Answer("3+5+8"), "16");
  EXPECT_EQ(verdict.outcome, Outcome::kUndecided);
  EXPECT_EQ(verdict.reason, "bad_gold");
  EXPECT_NE(MakeVerifier("countdown")->CheckGold(R"({"numbers":[2000000000],"target":1})"), "");
  EXPECT_EQ(MakeVerifier("countdown")->CheckGold(kGold), "");
}

// A generated problem's own solution is accepted, and no longer once target or answer is changed.
TEST(CountdownVerifier, AcceptsTheTasksOwnSolutions) {
  const auto verifier = MakeVerifier("countdown");
  RandomStream rng(1, RandomPurpose::kPrompt);
  for (int i = 0; i < 5000; ++i) {
    const auto numbers = DrawNumbers(rng, {}, i % 2 == 0);
    const Attempt attempt = JoinNumbers(rng, numbers, /*slip=*/0);
    const std::string gold = CountdownGold({numbers, attempt.result});
    const std::string other = CountdownGold({numbers, attempt.result + 1 + rng.Below(9)});
    const std::string answer = Answer(attempt.answer);
    ASSERT_EQ(verifier->Judge({.completion = answer, .gold = gold}).reason, "equal")
        << answer << gold;
    ASSERT_EQ(verifier->Judge({.completion = answer, .gold = other}).reason, "wrong_value");
    ASSERT_EQ(verifier->Judge({.completion = Answer(attempt.answer + "+1"), .gold = gold}).reason,
              "wrong_numbers");
  }
}

}  // namespace
}  // namespace r1zero
