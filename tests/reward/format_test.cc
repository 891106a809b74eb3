#include <gtest/gtest.h>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

TEST(FormatVerifier, AcceptsTheR1FormAlone) {
  const std::vector<Case> cases = {
      {"<think>a</think><answer>b</answer>", "well_formed"},
      {" <think>a</think>\n<answer>b</answer>\n", "well_formed"},
      {"<think>3 < 5</think><answer>b > a</answer>", "well_formed"},
      {std::string("<think>\0</think><answer>\xff</answer>", 34), "well_formed"},
      {"", "no_think"},
      {"<answer>b</answer>", "no_think"},
      {"<think>a<answer>b</answer>", "no_think"},
      {"a</think><answer>b</answer>", "no_think"},
      {"<think>a</think>", "no_answer"},
      {"<think>a</think><answer>b", "no_answer"},
      {"<think>a</think>b</answer>", "no_answer"},
      {"<think>a</think><answer>b</answer><answer>c</answer>", "repeated_tag"},
      {"<think>a</think><think>a</think><answer>b</answer>", "repeated_tag"},
      {"<think><think>a</think><answer>b</answer>", "repeated_tag"},
      {"<answer>b</answer><think>a</think>", "wrong_order"},
      {"<think>a<answer>b</answer></think>", "wrong_order"},
      {"</think>a<think><answer>b</answer>", "wrong_order"},
      {"x<think>a</think><answer>b</answer>", "text_outside"},
      {"<think>a</think>x<answer>b</answer>", "text_outside"},
      {"<think>a</think><answer>b</answer>x", "text_outside"},
      {"<think> \n</think><answer>b</answer>", "empty_think"},
      {"<think>a</think><answer></answer>", "empty_answer"},
  };
  for (const Case& c : cases) ExpectReason("format", "any gold", c);
}

}  // namespace
}  // namespace r1zero
