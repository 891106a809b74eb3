#include <gtest/gtest.h>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

TEST(AnswerTagVerifier, AcceptsOneAnswerAtTheEndWhateverStandsBeforeIt) {
  const std::vector<Case> cases = {
      {"<answer>15</answer>", "well_formed"},
      {"Tom has 6 + 9. <answer>15</answer> \n", "well_formed"},
      {"<think>6 + 9</think> so <answer>15</answer>", "well_formed"},
      {"", "no_answer"},
      {"15", "no_answer"},
      {"<answer>15", "unclosed_answer"},
      {"</answer>15<answer>", "unclosed_answer"},
      {"<answer>14</answer><answer>15</answer>", "two_answers"},
      {"<think><answer>15</answer>", "answer_in_think"},
      {"<answer>15</answer></think>", "answer_in_think"},
      {"<answer> </answer>", "empty_answer"},
      {"<answer>15</answer> or so", "text_outside"},
  };
  for (const Case& c : cases) ExpectReason("answer_tag", "any gold", c);
}

}  // namespace
}  // namespace r1zero
