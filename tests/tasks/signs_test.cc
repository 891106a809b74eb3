#include "tasks/signs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "tests/tasks/oracle.h"

namespace r1zero {
namespace {

using oracle::Numbers;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::unique_ptr<Task> Signs(int64_t held_out = 500) {
  return MakeTask({.name = "signs", .held_out = held_out});
}

std::vector<int64_t> RowOf(const Problem& problem) {
  auto numbers = Numbers(problem.prompt);
  EXPECT_EQ(numbers.size(), 5u) << problem.prompt;
  numbers.pop_back();
  return numbers;
}

TEST(Signs, VocabularyIsTheHundredAndTwentyOneTokens) {
  const auto words = Signs()->Vocabulary();
  EXPECT_EQ(words.size(), 121u);
  EXPECT_EQ(words[0], "<pad>");
  EXPECT_EQ(words[1], "<eos>");
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()).size(), 121u);
  for (const char* word : {"<think>", "</answer>", "wait", "ok", " ", "0", "49", "+9", "-1", "-49"})
    EXPECT_THAT(words, testing::Contains(word));
}

TEST(Signs, APromptIsTenTokens) {
  const auto task = Signs();
  const auto vocabulary = task->Vocabulary();
  const std::set<std::string, std::less<>> words(vocabulary.begin(), vocabulary.end());
  for (int64_t i = 0; i < 1000; ++i)
    ASSERT_EQ(oracle::CountTokens(task->Training(3, i).prompt, words), 10);
}

TEST(Signs, TheSameOrdinalIsTheSameProblemWhoeverAsksAndWhen) {
  const auto one = Signs(), other = Signs();
  std::vector<Problem> ascending;
  for (int64_t i = 0; i < 200; ++i) ascending.push_back(one->Training(7, i));
  for (int64_t i = 199; i >= 0; --i) {
    EXPECT_EQ(other->Training(7, i).prompt, ascending[i].prompt);
    EXPECT_EQ(other->Training(7, i).gold, ascending[i].gold);
    EXPECT_EQ(other->Corpus(7, i).text, one->Corpus(7, i).text);
  }
}

TEST(Signs, SeedsAndOrdinalsGiveDifferentProblems) {
  const auto task = Signs();
  std::set<std::string> prompts;
  int same = 0;
  for (int64_t i = 0; i < 500; ++i) {
    same += task->Training(1, i).prompt == task->Training(2, i).prompt;
    prompts.insert(task->Training(1, i).prompt);
  }
  EXPECT_LE(same, 3);
  EXPECT_GE(prompts.size(), 480u);
}

TEST(Signs, HeldOutProblemsAreFixedDistinctAndOfHeldOutRows) {
  const auto task = Signs();
  std::set<std::string> prompts;
  for (const Problem& problem : task->HeldOut()) {
    EXPECT_TRUE(oracle::RowIsHeldOut(RowOf(problem), false)) << problem.prompt;
    prompts.insert(problem.prompt);
  }
  EXPECT_EQ(prompts.size(), 500u);
  const auto more = Signs(600);
  for (size_t i = 0; i < 500; ++i) EXPECT_EQ(more->HeldOut()[i].prompt, task->HeldOut()[i].prompt);
}

TEST(Signs, AllHeldOutProblemsCanBeAskedForAndNotOneMore) {
  EXPECT_EQ(Signs(3222)->HeldOut().size(), 3222u);
  EXPECT_THAT([] { Signs(3223); }, ThrowsMessage<Error>(HasSubstr("3222")));
}

TEST(Signs, TrainingNeverAsksAHeldOutRow) {
  const auto task = Signs();
  for (int64_t i = 0; i < 50000; ++i)
    ASSERT_FALSE(oracle::RowIsHeldOut(RowOf(task->Training(11, i)), false));
}

TEST(Signs, SettingsThatItDoesNotHaveAreRefused) {
  EXPECT_THAT([] { MakeTask({.name = "signs", .file = "x.jsonl"}); },
              ThrowsMessage<Error>(HasSubstr("task.file")));
  EXPECT_THAT([] { MakeTask({.name = "signs", .prompt_template = "{prompt}"}); },
              ThrowsMessage<Error>(HasSubstr("task.prompt_template")));
}

}  // namespace
}  // namespace r1zero
