#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

TEST(Gsm8kVerifier, JudgesTheOneMarkedAnswerAfterTheThinking) {
  const std::vector<Case> cases = {
      {"<answer>18</answer>", "equal"},
      {"<think>16 - 3 - 4 = 9, 9 * 2 = 18</think>\n<answer>$18.00</answer>", "equal"},
      {"<think><answer>5</answer></think><answer>18 dollars</answer>", "equal"},
      {"no opening tag 17 </think> So <answer>\\boxed{18}</answer>.", "equal"},
      {"<answer>#### 18</answer>", "equal"},
      {"She sells 9 eggs at $2: \\boxed{18}", "equal"},
      {"\\boxed{9}, then \\boxed{18\\text{ dollars}}", "equal"},
      {"\\boxed{\\frac{36}{2}}", "equal"},
      {"9 * 2 = 18\n#### 18", "equal"},
      {"#### 18\n\nQuestion: more\n#### 18", "equal"},
      {"<answer>19</answer>", "different"},
      {"<answer>-18</answer>", "different"},
      {"<answer>1.8</answer>", "different"},
      {"\\boxed{18}, no, \\boxed{19}", "different"},
      {"<answer>18 19</answer>", "two_answers"},
      {"<answer>5 or 18</answer>", "two_answers"},
      {"<answer>18</answer><answer>18</answer>", "two_answers"},
      {"#### 18\n#### 19", "two_answers"},
      {"\\boxed{17, 18}", "two_answers"},
      {"<answer>1,8</answer>", "bad_number"},
      {"<answer>9*2</answer>", "two_answers"},
      {"<answer>\uff11\uff18</answer>", "no_number"},
      {"<answer>eighteen</answer>", "no_number"},
      {"18", "no_answer"},
      {"The answer is 18.", "no_answer"},
      {"<answer> </answer> 18", "no_answer"},
      {"\\boxed{}", "no_answer"},
      {"####\n18", "no_answer"},
      {"<think>\\boxed{18}", "no_answer"},
      {"<think>#### 18</think>", "no_answer"},
      {"</think><think>#### 18", "no_answer"},
      {"", "no_answer"},
      {"<answer>18", "unclosed_answer"},
      {"\\boxed{18", "unclosed_answer"},
      {"<answer>" + std::string(70, '1') + "</answer>", "too_long"},
  };
  for (const std::string gold : {"18", "$18", " 18.0 ", "18.", "36/2", "so 9 * 2 = 18\n#### 18"})
    for (const Case& c : cases) ExpectReason("gsm8k", gold, c);
}

TEST(Gsm8kVerifier, TheLastNumberCountsWhereNothingIsMarkedAndThatIsAsked) {
  const std::vector<Case> cases = {
      {"18", "equal"},
      {"The answer is $18.", "equal"},
      {"9 * 2 = 18 dollars", "equal"},
      {"17 or 18", "equal"},
      {"<think>19</think> 18", "equal"},
      {"It is 18, not 19", "different"},
      {"\\boxed{19} or 18", "different"},
      {"<answer>17 or 18</answer>", "two_answers"},
      {"<answer>17</answer> 18", "different"},
      {"<think>18", "no_answer"},
      {"I do not know", "no_number"},
      {"", "no_number"},
  };
  for (const Case& c : cases) ExpectReason("gsm8k_last", "18", c);
}

TEST(Gsm8kVerifier, NumbersAreComparedExactly) {
  EXPECT_EQ(JudgeBy("gsm8k", "<answer>0.1800</answer>", ".18").reason, "equal");
  EXPECT_EQ(JudgeBy("gsm8k", "<answer>0.3333333333333333</answer>", "1/3").reason, "different");
  EXPECT_EQ(JudgeBy("gsm8k", "<answer>1234.5</answer>", "$1,234.50").reason, "equal");
  EXPECT_EQ(JudgeBy("gsm8k", "<answer>9007199254740993</answer>", "9007199254740992").reason,
            "different");
  EXPECT_EQ(JudgeBy("gsm8k", "<answer>1,234</answer>", "1,234").extracted, "1234");
}

TEST(Gsm8kVerifier, AGoldThatIsNoNumberIsUndecided) {
  for (const std::string gold : {"", "eighteen", "18 dollars", "5 or 6", "1,2,3,4", "####", "x"}) {
    EXPECT_EQ(JudgeBy("gsm8k", "<answer>18</answer>", gold).outcome, Outcome::kUndecided) << gold;
    EXPECT_EQ(JudgeBy("gsm8k", "", gold).reason, "bad_gold") << gold;
    EXPECT_NE(MakeVerifier("gsm8k")->CheckGold(gold), "") << gold;
  }
  EXPECT_EQ(MakeVerifier("gsm8k")->CheckGold("9 * 2 = 18\n#### 18"), "");
}

TEST(Gsm8kVerifier, EveryPublishedAnswerIsRightAgainstItself) {
  int judged = 0;
  for (const std::string name : {"train", "test"}) {
    std::ifstream file(std::filesystem::path(R1ZERO_SHARED_DATA) / "gsm8k" / (name + ".jsonl"));
    if (!file) GTEST_SKIP() << "no gsm8k/" << name << ".jsonl in " << R1ZERO_SHARED_DATA;
    for (std::string line; std::getline(file, line); ++judged) {
      const std::string answer = nlohmann::json::parse(line).at("answer");
      const std::string number = answer.substr(answer.rfind("#### ") + 5);
      for (const std::string& gold : {answer, number})
        for (const std::string& completion :
             {answer, "<think>x</think><answer>" + number + "</answer>",
              "\\boxed{\\$" + number + "}"})
          ASSERT_EQ(JudgeBy("gsm8k", completion, gold).reason, "equal") << completion;
      ASSERT_EQ(JudgeBy("gsm8k_last", "So it is $" + number + ".", answer).reason, "equal");
    }
  }
  EXPECT_EQ(judged, 8792);
}

}  // namespace
}  // namespace r1zero
