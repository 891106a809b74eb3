#include "tasks/jsonl.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "common/error.h"
#include "tests/tasks/oracle.h"
#include "tests/tasks/temp_file.h"

namespace r1zero {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string Rows(int from, int to) {
  std::string rows;
  for (int i = from; i < to; ++i)
    rows +=
        R"({"prompt":"q)" + std::to_string(i) + R"(","answer":"a)" + std::to_string(i) + "\"}\n";
  return rows;
}

std::multiset<std::string> Epoch(const Task& task, uint64_t seed, int64_t epoch, int64_t count) {
  std::multiset<std::string> prompts;
  for (int64_t i = 0; i < count; ++i) prompts.insert(task.Training(seed, epoch * count + i).prompt);
  return prompts;
}

void FailsWith(const std::string& content, const std::string& message) {
  const TempFile file(content);
  EXPECT_THAT([&] { MakeTask({.name = "jsonl", .file = file.path()}); },
              ThrowsMessage<Error>(HasSubstr(file.path() + message)))
      << content;
}

TEST(Jsonl, TheLastTenthIsHeldOut) {
  const TempFile file(Rows(0, 30));
  const auto task = MakeTask({.name = "jsonl", .file = file.path()});
  ASSERT_EQ(task->HeldOut().size(), 3u);
  EXPECT_EQ(task->HeldOut()[0].prompt, "q27");
  EXPECT_EQ(task->HeldOut()[2].gold, "a29");
  EXPECT_FALSE(Epoch(*task, 1, 0, 27).contains("q27"));
  EXPECT_EQ(MakeTask({.name = "jsonl", .file = file.path(), .held_out = 2})->HeldOut().size(), 2u);
}

TEST(Jsonl, EveryEpochHasEveryProblemOnceInAnotherOrder) {
  const TempFile file(Rows(0, 30));
  const auto task = MakeTask({.name = "jsonl", .file = file.path()});
  const auto first = Epoch(*task, 1, 0, 27);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()).size(), 27u);
  EXPECT_EQ(Epoch(*task, 1, 5, 27), first);
  int moved = 0;
  for (int64_t i = 0; i < 27; ++i)
    moved += task->Training(1, i).prompt != task->Training(1, 27 + i).prompt;
  EXPECT_GT(moved, 15);
  EXPECT_EQ(task->Training(1, 1000000).prompt, task->Training(1, 1000000).prompt);
}

TEST(Jsonl, AHeldOutFileIsHeldOutWhole) {
  const TempFile file(Rows(0, 20)), held(Rows(15, 40));
  const auto task =
      MakeTask({.name = "jsonl", .file = file.path(), .held_out_file = held.path(), .held_out = 4});
  EXPECT_EQ(task->HeldOut().size(), 4u);
  EXPECT_EQ(task->HeldOut()[0].prompt, "q15");
  const auto training = Epoch(*task, 1, 0, 15);
  for (int i = 0; i < 15; ++i) EXPECT_EQ(training.count('q' + std::to_string(i)), 1u) << i;
}

TEST(Jsonl, ATrainingRowThatAsksAHeldOutPromptIsDropped) {
  const TempFile file(Rows(0, 9) + R"({"prompt":"q3","answer":"other"})");
  const auto task = MakeTask({.name = "jsonl", .file = file.path()});
  EXPECT_EQ(task->HeldOut()[0].gold, "other");
  EXPECT_FALSE(Epoch(*task, 1, 0, 8).contains("q3"));
}

TEST(Jsonl, RowsMayHaveQuestionsNumbersAndObjects) {
  const TempFile file(
      "\xef\xbb\xbf{\"question\":\"2+2=\",\"answer\":4}\r\n\r\n"
      "{\"prompt\":\"p\",\"answer\":{\"numbers\":[1],\"target\":1}}\n"
      "{\"prompt\":\"h\",\"answer\":\"x\"}\n");
  const auto task =
      MakeTask({.name = "jsonl", .file = file.path(), .prompt_template = "Q: {prompt}"});
  std::set<std::string> golds = {task->Training(1, 0).gold, task->Training(1, 1).gold};
  EXPECT_THAT(golds, ElementsAre("4", R"({"numbers":[1],"target":1})"));
  EXPECT_EQ(task->HeldOut()[0].prompt, "Q: h");
}

TEST(Jsonl, AValueIsNotReadAsATemplate) {
  const TempFile file("{\"prompt\":\"{prompt}{prompt}\",\"answer\":\"x\"}\n" + Rows(0, 1));
  const auto task =
      MakeTask({.name = "jsonl", .file = file.path(), .prompt_template = "<{prompt}>"});
  EXPECT_EQ(task->Training(1, 0).prompt, "<{prompt}{prompt}>");
}

TEST(Jsonl, TheCorpusIsTheResponsesAndTexts) {
  const TempFile file(R"({"prompt":"q","answer":"a","response":"r"})"
                      "\n"
                      R"({"text":"once"})"
                      "\n"
                      R"({"prompt":"held","answer":"a","response":"secret"})");
  const auto task = MakeTask({.name = "jsonl", .file = file.path()});
  std::set<std::string> documents;
  for (int64_t i = 0; i < 10; ++i)
    documents.insert(task->Corpus(1, i).question + "|" + task->Corpus(1, i).text);
  EXPECT_THAT(documents, ElementsAre("q|r", "|once"));
}

TEST(Jsonl, WithoutACorpusPretrainingIsAnError) {
  const TempFile file(Rows(0, 5));
  const auto task = MakeTask({.name = "jsonl", .file = file.path()});
  EXPECT_THAT([&] { task->Corpus(1, 0); }, ThrowsMessage<Error>(HasSubstr("\"response\"")));
}

TEST(Jsonl, TheVocabularyIsTagsAndTheFilesCharacters) {
  const TempFile file("{\"prompt\":\"b\\u00e9\\ud83d\\ude00?\",\"answer\":\"ab\"}\n" + Rows(0, 1));
  const auto words = MakeTask({.name = "jsonl", .file = file.path()})->Vocabulary();
  EXPECT_THAT(words, ElementsAre("<pad>", "<eos>", "<think>", "</think>", "<answer>", "</answer>",
                                 "0", "?", "a", "b", "q", "\u00e9", "\U0001F600"));
}

TEST(Jsonl, ABadRowIsNamedByFileLineAndColumn) {
  FailsWith(Rows(0, 2) + "{\"prompt\":\"x\" \"answer\":1}\n",
            ":3:22: not valid JSON (found string literal");
  FailsWith(Rows(0, 1) + "{\"prompt\":\"x\"", ":2:14: not valid JSON");
  FailsWith("[1,2]\n", ":1:1: found [1,2], expected a JSON object");
  FailsWith("{\"prompt\": 5,\"answer\":\"a\"}\n", ":1:12: \"prompt\" is 5, expected text");
  FailsWith("{\"prompt\":\"\",\"answer\":\"a\"}\n", ":1:11: \"prompt\" is \"\", expected text");
  FailsWith("{\"prompt\":\"p\",\"answer\":null}\n",
            ":1:24: \"answer\" is null, expected an answer");
  FailsWith("{\"prompt\":\"p\",\"anwser\":\"a\"}\n", ":1:1: the row has no \"answer\"");
  FailsWith("{\"prompt\":\"\xff\",\"answer\":\"a\"}\n", ":1:12: not valid JSON");
  FailsWith(std::string(100000, '[') + "\n", ":1:1: JSON nested deeper than 32");
  FailsWith("{\"prompt\":\"p\",\"answer\":" + std::string(100, '[') + std::string(100, ']') + "}",
            ":1:1: JSON nested deeper than 32");
  FailsWith(std::string("{\"prompt\":\"p\",\"answer\":1}\0x\n", 28), ":1:26: found a NUL byte");
  FailsWith("\n \n", ": no rows");
  FailsWith(Rows(0, 1), ": 0 problems to train on and 1 held out");
}

TEST(Jsonl, LongBadValuesAreShownShort) {
  const TempFile file("{\"prompt\":[\"" + std::string(57, 'a') + "\u00e9\u00e9\"],\"answer\":1}");
  try {
    MakeTask({.name = "jsonl", .file = file.path()});
    FAIL();
  } catch (const Error& error) {
    EXPECT_LT(std::string(error.what()).size(), file.path().size() + 140);
    EXPECT_THAT(error.what(), HasSubstr("aaa..."));
  }
}

TEST(Jsonl, ABlankAnswerIsNamedByFileLineAndColumn) {
  for (const char* blank : {"  ", "\\t", "\\n \\r"})
    FailsWith(Rows(0, 3) + R"({"prompt":"q","answer":")" + blank + "\"}\n",
              ":4:24: \"answer\" is \"" + std::string(blank) +
                  "\", expected an answer that is not blank");
}

TEST(Jsonl, TellsEveryPromptThatARunMayAsk) {
  const TempFile file(Rows(0, 20)), held(Rows(15, 40));
  const auto task = MakeTask({.name = "jsonl", .file = file.path(), .held_out_file = held.path()});
  std::set<std::string> prompts;
  task->ForEachPrompt([&](const std::string& prompt) { prompts.insert(prompt); });
  EXPECT_EQ(prompts.size(), 40u);
  EXPECT_TRUE(prompts.contains("q0") && prompts.contains("q39"));
}

TEST(Jsonl, RefusesKeysThatItDoesNotUseAndNamesOne) {
  const TempFile file(Rows(0, 30));
  TaskConfig config{.name = "jsonl", .file = file.path()};
  config.mix.max_tries = 1000;
  config.mix.tau = 123.456;
  EXPECT_THAT([&] { MakeTask(config); },
              ThrowsMessage<Error>(HasSubstr("task.mix.tau is set, but jsonl")));
  config.mix = {};
  config.largest_number = 9;
  EXPECT_THAT([&] { MakeTask(config); }, ThrowsMessage<Error>(HasSubstr("task.largest_number")));
}

TEST(Jsonl, AMissingFileOrBadTemplateIsRefused) {
  EXPECT_THAT([] { MakeTask({.name = "jsonl"}); }, ThrowsMessage<Error>(HasSubstr("task.file")));
  EXPECT_THAT([] { MakeTask({.name = "jsonl", .file = "/nowhere/x.jsonl"}); },
              ThrowsMessage<Error>(HasSubstr("/nowhere/x.jsonl")));
  EXPECT_THAT([] { MakeTask({.name = "jsonl", .file = "x", .prompt_template = "no place"}); },
              ThrowsMessage<Error>(HasSubstr("{prompt}")));
}

}  // namespace
}  // namespace r1zero
