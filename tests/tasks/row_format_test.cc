#include "tasks/row_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/boxed.h"
#include "common/error.h"
#include "tasks/row_source.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

std::string Shown(const DataRow& row) {
  std::string text;
  for (const ChatMessage& message : row.messages)
    text += message.role + ":" + message.content + "|";
  return text + "=" + row.gold;
}

// "FORMAT user:2+2|=4", or what is wrong.
std::string Read(const std::string& text, const std::string& answer_column = "") {
  try {
    const JsonlRow row("f", 7, text);
    const RowFormat format = FindFormat(row, answer_column);
    return format.name + " " + Shown(ReadDataRow(row, format));
  } catch (const Error& e) {
    return e.what();
  }
}

TEST(RowFormat, IsFoundByTheColumns) {
  EXPECT_EQ(Read(R"({"prompt":"2+2","answer":"4"})"), "TRL user:2+2|=4");
  EXPECT_EQ(Read(R"({"question":"2+2","answer":4})"), "TRL user:2+2|=4");
  EXPECT_EQ(Read(R"({"prompt":[{"role":"system","content":"s"},{"role":"user","content":"u"}],)"
                 R"("solution":"x"})"),
            "TRL system:s|user:u|=x");
  EXPECT_EQ(Read(R"({"prompt":"p","ground_truth":"g"})"), "TRL user:p|=g");
  EXPECT_EQ(Read(R"({"prompt":"p","target":[1,2]})"), "TRL user:p|=[1,2]");
  EXPECT_EQ(
      Read(R"({"data_source":"d","prompt":[{"role":"user","content":"u"}],"ability":"math",)"
           R"("reward_model":{"style":"rule","ground_truth":"72"},"extra_info":{"answer":"no"}})"),
      "verl user:u|=72");
  EXPECT_EQ(Read(R"({"question":"q","answer":"1+1=<<1+1=2>>2\n#### 1,080"})"),
            "GSM8K user:q|=1080");
  EXPECT_EQ(Read(R"({"problem":"p","solution":"so \\boxed{\\frac{1}{2}}.","level":1})"),
            "MATH user:p|=\\frac{1}{2}");
  EXPECT_EQ(Read(R"({"problem":"p","solution":"so \\boxed{1}.","answer":"2"})"), "MATH user:p|=2");
}

TEST(RowFormat, VerlsGroundTruthMayBeAnObject) {
  EXPECT_EQ(
      Read(R"({"prompt":"p","reward_model":{"ground_truth":{"target":23,"numbers":[3,5,8]}}})"),
      R"(verl user:p|={"numbers":[3,5,8],"target":23})");
}

TEST(RowFormat, TheAnswersColumnMayBeNamed) {
  EXPECT_EQ(Read(R"({"prompt":"p","answer":"no","gold":"g"})", "gold"), "TRL user:p|=g");
  EXPECT_EQ(Read(R"({"prompt":"p","extra_info":{"x":{"y":5}}})", "extra_info.x.y"),
            "TRL user:p|=5");
  EXPECT_EQ(Read(R"({"prompt":"p"})", "none"), "TRL user:p|=");
  EXPECT_EQ(
      Read(R"({"prompt":"p","answer":"a"})", "gold"),
      "f:7:1: the row has \"answer\", \"prompt\", expected \"gold\", as task.answer_column says; "
      "task.answer_column (--answer-column of r1zero eval) names another column, or \"none\"");
}

TEST(RowFormat, ARowWithoutAPromptOrAnswerSaysWhatItHas) {
  EXPECT_EQ(
      Read(R"({"text":"p","answer":"a"})"),
      "f:7:1: the row has \"answer\", \"text\", expected a prompt: \"prompt\", \"question\" or "
      "\"problem\"");
  EXPECT_EQ(Read(R"({"prompt":"p"})"),
            "f:7:1: the row has \"prompt\", expected an answer: \"answer\", \"solution\", "
            "\"ground_truth\", \"target\" or \"reward_model.ground_truth\"; task.answer_column "
            "(--answer-column of r1zero eval) names another column, or \"none\"");
}

TEST(RowFormat, ABadRowNamesColumnAndReading) {
  EXPECT_EQ(
      Read(R"({"prompt":5,"answer":"a"})"),
      "f:7:11: \"prompt\" is 5, expected text that is not empty (rows read as TRL: \"prompt\", "
      "\"answer\")");
  EXPECT_THAT(Read(R"({"prompt":"p","answer":null})"), HasSubstr("f:7:24: \"answer\" is null"));
  EXPECT_THAT(Read(R"({"prompt":"p","answer":" "})"), HasSubstr("an answer that is not blank"));
  EXPECT_THAT(Read(R"({"prompt":[],"answer":"a"})"), HasSubstr("f:7:11: \"prompt\" is []"));
  for (const char* messages :
       {R"([{"role":"tool","content":"x"}])", R"([{"role":"user"}])", R"(["x"])",
        R"([{"role":"user","content":["x"]}])", R"([{"role":5,"content":"x"}])"})
    EXPECT_THAT(Read(R"({"prompt":)" + std::string(messages) + R"(,"answer":"a"})"),
                HasSubstr("of system, user and assistant with text"));
  EXPECT_THAT(Read(R"({"prompt":[{"role":"assistant","content":"x"}],"answer":"a"})"),
              HasSubstr("a last message that is the user's"));
  EXPECT_THAT(Read(R"({"problem":"p","solution":"no box"})"),
              HasSubstr("expected text with a \\boxed{} that is not empty (rows read as MATH: "
                        "\"problem\", \"solution\" with \\boxed{})"));
  EXPECT_THAT(
      Read(R"({"prompt":"p","reward_model":{"ground_truth":null}})"),
      HasSubstr("f:7:46: \"reward_model.ground_truth\" is null, expected an answer (rows read "
                "as verl"));
}

TEST(RowFormat, EveryRowOfAGsm8kFileMustHaveItsMark) {
  const RowFormat format =
      FindFormat(JsonlRow("f", 1, R"({"question":"q","answer":"#### 1"})"), "");
  const std::string text = R"({"question":"q","answer":"18"})";
  const JsonlRow row("f", 2, text);
  EXPECT_THAT(
      [&] { ReadDataRow(row, format); },
      testing::ThrowsMessage<Error>(HasSubstr(
          "f:2:26: \"answer\" is \"18\", expected text that ends with \"#### 18\" (rows read "
          "as GSM8K: \"question\", \"answer\" with \"#### 18\")")));
}

TEST(RowFormat, AFileIsGsm8ksIfAnyOfItsFirstRowsHasTheMark) {
  const JsonlRow rows[] = {{"f", 1, R"({"question":"q","answer":"18"})"},
                           {"f", 2, R"({"question":"q"})"},
                           {"f", 3, R"({"question":"q","answer":"so #### 1"})"}};
  EXPECT_EQ(FindFormat(rows, "").name, "GSM8K");
  EXPECT_EQ(FindFormat({rows, 2}, "").name, "TRL");
}

TEST(RowFormat, AKeyThatIsThereTwiceHasNoMeaning) {
  EXPECT_THAT(Read(R"({"prompt":"a","answer":"1","answer":"2"})"),
              HasSubstr("f:7:1: the key \"answer\" is there twice in one object"));
  EXPECT_THAT(Read(R"({"prompt":"a","reward_model":{"ground_truth":1,"ground_truth":2}})"),
              HasSubstr("the key \"ground_truth\" is there twice"));
  EXPECT_EQ(Read(R"({"prompt":"a","answer":{"b":{"c":1},"d":{"c":1}}})"),
            R"(TRL user:a|={"b":{"c":1},"d":{"c":1}})");
}

std::string Real(const std::string& name) { return std::string(R1ZERO_SHARED_DATA) + "/" + name; }

// "GSM8K 7473: 72, 10"
std::string Summary(const std::string& path) {
  const auto rows = OpenRows(path);
  const RowFormat format = FindFormat(rows->Row(0), "");
  std::string golds;
  for (int64_t i = 0; i < rows->count(); ++i) {
    const DataRow row = ReadDataRow(rows->Row(i), format);
    EXPECT_FALSE(row.messages.back().content.empty());
    if (i < 2) golds += " " + row.gold;
  }
  return format.name + " " + std::to_string(rows->count()) + golds;
}

TEST(RowFormat, PublishedFilesAreReadWhole) {
  if (!std::filesystem::exists(Real("gsm8k")))
    GTEST_SKIP() << "the shared data is not at " << R1ZERO_SHARED_DATA;
  EXPECT_EQ(Summary(Real("gsm8k/train.jsonl")), "GSM8K 7473 72 10");
  EXPECT_EQ(Summary(Real("gsm8k/test.jsonl")), "GSM8K 1319 18 3");
  EXPECT_EQ(Summary(Real("math/math500_test.jsonl")),
            "MATH 500 \\left( 3, \\frac{\\pi}{2} \\right) p - q");
}

// Of its 7,474 answers two are null and two are empty.
TEST(RowFormat, AJsonArrayOfMathIsReadButForItsBadRows) {
  if (!std::filesystem::exists(Real("math")))
    GTEST_SKIP() << "the shared data is not at " << R1ZERO_SHARED_DATA;
  const auto rows = OpenRows(Real("math/math_train_answers.json"));
  const RowFormat format = FindFormat(rows->Row(0), "");
  std::vector<std::string> faults;
  for (int64_t i = 0; i < rows->count(); ++i) {
    try {
      (void)ReadDataRow(rows->Row(i), format);
    } catch (const Error& e) {
      faults.push_back(e.what());
    }
  }
  EXPECT_EQ(rows->count(), 7474);
  EXPECT_THAT(
      faults,
      testing::ElementsAre(
          HasSubstr("math_train_answers.json:5320:15: \"answer\" is null, expected an answer"),
          HasSubstr(".json:6058:15: \"answer\" is null"),
          HasSubstr(".json:31972:15: \"answer\" is \"\""),
          HasSubstr(".json:31984:15: \"answer\" is \"\"")));
}

// MATH-500 has both: what its solutions box is what its answers say, but for spaces.
TEST(RowFormat, TheBoxesOfMathAreItsAnswers) {
  if (!std::filesystem::exists(Real("math")))
    GTEST_SKIP() << "the shared data is not at " << R1ZERO_SHARED_DATA;
  const auto rows = OpenRows(Real("math/math500_test.jsonl"));
  int64_t same = 0;
  for (int64_t i = 0; i < rows->count(); ++i)
    same += LastBoxed(rows->Row(i).Text("solution")).content == rows->Row(i).Text("answer");
  EXPECT_GE(same, 495);
}

}  // namespace
}  // namespace r1zero
