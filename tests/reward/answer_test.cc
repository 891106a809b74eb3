#include "reward/answer.h"

#include <gtest/gtest.h>

namespace r1zero {
namespace {

TEST(Answer, OneRegionAfterTheThinkingIsFound) {
  EXPECT_EQ(FindAnswer("<answer>5</answer>").text, "5");
  EXPECT_EQ(FindAnswer("<think>a</think> so <answer> 5 </answer> done").text, " 5 ");
  EXPECT_EQ(FindAnswer("no opening tag </think><answer>5</answer>").text, "5");
  EXPECT_EQ(FindAnswer("<answer></answer>").fault, "");
}

TEST(Answer, EveryOtherShapeIsNamed) {
  const auto fault = [](std::string_view text) { return std::string(FindAnswer(text).fault); };
  EXPECT_EQ(fault(""), "no_answer");
  EXPECT_EQ(fault("5"), "no_answer");
  EXPECT_EQ(fault("<answer>5</answer><answer>6</answer>"), "two_answers");
  EXPECT_EQ(fault("<answer><answer>5</answer></answer>"), "two_answers");
  EXPECT_EQ(fault("<answer>5</answer></answer>"), "two_answers");
  EXPECT_EQ(fault("<answer>5"), "unclosed_answer");
  EXPECT_EQ(fault("5</answer>"), "unclosed_answer");
  EXPECT_EQ(fault("</answer>5<answer>"), "unclosed_answer");
  EXPECT_EQ(fault("<think><answer>5</answer></think>"), "answer_in_think");
  EXPECT_EQ(fault("<think><answer>5</answer>"), "answer_in_think");
  EXPECT_EQ(fault("<answer>5</answer></think>"), "answer_in_think");
  EXPECT_EQ(fault("<think>a</think><think><answer>5</answer>"), "answer_in_think");
  EXPECT_EQ(fault("<answer>5<think>a</think></answer>"), "answer_in_think");
}

TEST(Answer, BlanksAreTrimmedAndFolded) {
  EXPECT_EQ(TrimBlanks(" \n a b\t"), "a b");
  EXPECT_EQ(TrimBlanks(" \n "), "");
  EXPECT_EQ(FoldBlanks("\r\n a \t\n b\v\fc "), "a b c");
  EXPECT_EQ(FoldBlanks("a\u00a0b"), "a\u00a0b");
}

}  // namespace
}  // namespace r1zero
