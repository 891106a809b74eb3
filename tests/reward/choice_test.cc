#include <gtest/gtest.h>

#include "tests/reward/judge.h"

namespace r1zero {
namespace {

constexpr const char* kCapitals = R"({"answer":"B","options":["Rome","Paris","Bonn","Rome."]})";

TEST(ChoiceVerifier, ReadsALetterHoweverItIsWritten) {
  for (const char* answer :
       {"B", "b", "(B)", "[b]", "B.", "B)", "B:", "**B**", "**B.**", "$B$", "\\text{B}",
        "Answer: B", "The correct answer is (B).", "the final answer is \\textbf{(B)}", "Option B",
        "B) Paris", "(B) Paris is the one"})
    for (const std::string& completion :
         {std::string("<answer>") + answer + "</answer>", std::string("\\boxed{") + answer + "}",
          "<think>A or C?</think>I have thought.\n\n" + std::string(answer) + "\n"})
      ExpectReason("choice", "B", {completion, "equal"});
}

TEST(ChoiceVerifier, RefusesOtherLettersListsAndTexts) {
  const std::vector<Case> cases = {
      {"C", "different"},
      {"<answer>A</answer>", "different"},
      {"<answer>A and B</answer>", "no_choice"},
      {"<answer>B or C</answer>", "no_choice"},
      {"<answer>(A), (B)</answer>", "two_answers"},
      {"<answer>B. or C.</answer>", "two_answers"},
      {"<answer>B</answer><answer>C</answer>", "two_answers"},
      {"<answer>Bonn</answer>", "no_choice"},
      {"<answer>(B</answer>", "no_choice"},
      {"<answer>ABCD</answer>", "no_choice"},
      {"<answer></answer>", "no_answer"},
      {"<answer>B", "unclosed_answer"},
      {"<think>B", "no_answer"},
      {"A thing is B", "no_choice"},
      {"", "no_answer"},
      {std::string(100000, '('), "no_choice"},
  };
  for (const Case& c : cases) ExpectReason("choice", "B", c);
}

TEST(ChoiceVerifier, AnOptionsTextIsItsLetterIfItIsThatOfOne) {
  ExpectReason("choice", kCapitals, {"<answer>paris</answer>", "equal"});
  ExpectReason("choice", kCapitals, {"<answer>(B) Paris</answer>", "equal"});
  ExpectReason("choice", kCapitals, {"<answer>Bonn</answer>", "different"});
  ExpectReason("choice", kCapitals, {"<answer>B) Bonn</answer>", "two_answers"});
  ExpectReason("choice", kCapitals, {"<answer>Rome</answer>", "two_answers"});
  ExpectReason("choice", R"({"answer":"Paris","options":["Rome","Paris"]})",
               {"\\boxed{\\text{B}}", "equal"});
}

TEST(ChoiceVerifier, SaysWhatItDoesNotUnderstandOfAGold) {
  const auto fault = [](const std::string& gold) {
    return MakeVerifier("choice")->CheckGold(gold);
  };
  for (const char* good : {"B", "(c)", "D. Rome", kCapitals}) EXPECT_EQ(fault(good), "");
  for (const char* bad : {"", "12", "A or B", "{", R"({"answer":2})",
                          R"({"answer":"Z","options":["x"]})", R"({"answer":"A","options":[1]})"}) {
    EXPECT_NE(fault(bad), "") << bad;
    EXPECT_EQ(JudgeBy("choice", "B", bad).reason, "bad_gold") << bad;
  }
}

}  // namespace
}  // namespace r1zero
