#include <gtest/gtest.h>

#include "tasks/task.h"
#include "tests/reward/judge.h"

namespace r1zero {
namespace {

const char kGold[] = R"({"numbers":[6,6,8,8],"target":16})";

TEST(SignsVerifier, AcceptsTheSolutionAndNothingLikeIt) {
  const std::string nul("<answer>6-6+8\0+8</answer>", 25);
  const std::vector<Case> cases = {
      {"<answer>6-6+8+8</answer>", "equal"},
      {"<think>6-6=0</think><answer>6-6+8+8</answer>", "equal"},
      {"6-6+8+8", "no_answer"},
      {"", "no_answer"},
      {"<answer>6-6+8+8</answer><answer>6-6+8+8</answer>", "two_answers"},
      {"<answer>6+6+8+8</answer> or <answer>6-6+8+8</answer>", "two_answers"},
      {"<answer><answer>6-6+8+8</answer></answer>", "two_answers"},
      {"<answer>6-6+8+8", "unclosed_answer"},
      {"<think><answer>6-6+8+8</answer></think>", "answer_in_think"},
      {"<think><answer>6-6+8+8</answer>", "answer_in_think"},
      {"<answer>6+6+8+8</answer>", "wrong_value"},
      {"<answer>6-8+6+8</answer>", "wrong_numbers"},
      {"<answer>8+8+6-6</answer>", "wrong_numbers"},
      {"<answer>6-6+8</answer>", "wrong_numbers"},
      {"<answer>6-6+8+8+0</answer>", "wrong_numbers"},
      {"<answer>8+8</answer>", "wrong_numbers"},
      {"<answer>6</answer>", "wrong_numbers"},
      {"<answer></answer>", "bad_expression"},
      {"<answer>6-6+8+8=16</answer>", "bad_expression"},
      {"<answer> 6-6+8+8</answer>", "bad_expression"},
      {"<answer>6 - 6 + 8 + 8</answer>", "bad_expression"},
      {"<answer>6-6+88</answer>", "bad_expression"},
      {"<answer>-6+6+8+8</answer>", "bad_expression"},
      {"<answer>6-6+8+8+</answer>", "bad_expression"},
      {"<answer>6\u22126+8+8</answer>", "bad_expression"},
      {"<answer>(6-6)+8+8</answer>", "bad_expression"},
      {"<answer>16</answer>", "bad_expression"},
      {nul, "bad_expression"},
      {"<answer>\xff\xfe</answer>", "bad_expression"},
      {"<ANSWER>6-6+8+8</ANSWER>", "no_answer"},
  };
  for (const Case& c : cases) ExpectReason("signs", kGold, c);
}

TEST(SignsVerifier, SaysWhatItRead) {
  EXPECT_EQ(JudgeBy("signs", "<answer>6+6+8+8</answer>", kGold).extracted, "6+6+8+8");
}

TEST(SignsVerifier, AGoldThatIsNotUnderstoodIsUndecidedNotWrong) {
  const auto verifier = MakeVerifier("signs");
  for (const std::string& gold :
       {std::string(""), std::string("16"), std::string("{\"numbers\":[6,6]}"),
        std::string(R"({"numbers":[6,10],"target":16})"),
        std::string(R"({"numbers":[],"target":1})"),
        std::string(R"({"numbers":[6,-6],"target":1})"),
        std::string(R"({"numbers":[6],"target":6.0})"),
        std::string(R"({"numbers":"6","target":6})"), std::string(R"({"numbers":[6],"target":6)"),
        std::string(R"({"numbers":[6],"target":18446744073709551615})"), std::string("\xff"),
        std::string(1000000, '['), std::string("{\"numbers\":[6],\"target\":6}\0", 27)}) {
    const Verdict verdict = JudgeBy("signs", "<answer>6</answer>", gold);
    EXPECT_EQ(verdict.outcome, Outcome::kUndecided) << gold.substr(0, 60);
    EXPECT_EQ(verdict.reason, "bad_gold");
    EXPECT_NE(verifier->CheckGold(gold), "");
  }
  EXPECT_EQ(verifier->CheckGold(kGold), "");
}

// The oracle is the table of all rows and sign patterns, evaluated here.
TEST(SignsVerifier, AgreesWithArithmeticOnEveryRowAndPattern) {
  const auto verifier = MakeVerifier("signs");
  for (int code = 0; code < 6561; ++code) {
    const int d[4] = {1 + code / 729, 1 + code / 81 % 9, 1 + code / 9 % 9, 1 + code % 9};
    const int target = d[0] + d[1] - d[2] + d[3];
    const std::string gold = "{\"numbers\":[" + std::to_string(d[0]) + "," + std::to_string(d[1]) +
                             "," + std::to_string(d[2]) + "," + std::to_string(d[3]) +
                             "],\"target\":" + std::to_string(target) + "}";
    for (int signs = 0; signs < 8; ++signs) {
      std::string answer(1, char('0' + d[0]));
      int value = d[0];
      for (int i = 1; i < 4; ++i) {
        const bool plus = signs >> (i - 1) & 1;
        answer += plus ? '+' : '-';
        answer += char('0' + d[i]);
        value += plus ? d[i] : -d[i];
      }
      const Verdict verdict =
          verifier->Judge({.completion = "<answer>" + answer + "</answer>", .gold = gold});
      ASSERT_EQ(verdict.outcome == Outcome::kCorrect, value == target) << answer << " " << gold;
    }
  }
}

TEST(SignsVerifier, UnderstandsTheGoldsOfItsTask) {
  const auto task = MakeTask({.name = "signs"});
  const auto verifier = MakeVerifier(task->accuracy_verifier());
  for (const Problem& problem : task->HeldOut()) {
    ASSERT_EQ(verifier->CheckGold(problem.gold), "");
    const std::string row = problem.prompt.substr(0, 7);
    int solutions = 0;
    for (int signs = 0; signs < 8; ++signs) {
      std::string answer = row;
      for (int i = 0; i < 3; ++i) answer[2 * i + 1] = signs >> i & 1 ? '+' : '-';
      solutions +=
          verifier->Judge({.completion = "<answer>" + answer + "</answer>", .gold = problem.gold})
              .outcome == Outcome::kCorrect;
    }
    EXPECT_GE(solutions, 1) << problem.prompt;
    EXPECT_LE(solutions, 4) << problem.prompt;
  }
}

}  // namespace
}  // namespace r1zero
