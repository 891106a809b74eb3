#include "tasks/countdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "tests/tasks/oracle.h"
#include "tests/tasks/temp_file.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

std::unique_ptr<Task> Generated() { return MakeTask({.name = "countdown"}); }

std::vector<int64_t> NumbersOf(const Problem& problem) {
  return oracle::Numbers(oracle::Between(problem.gold, "[", "]"));
}

// The numbers that each try in the text starts from: operands that are no earlier result.
std::vector<std::vector<int64_t>> Leaves(const std::string& text) {
  std::vector<std::vector<int64_t>> all;
  for (size_t colon = text.find(':'); colon != std::string::npos;
       colon = text.find(':', colon + 1)) {
    const size_t begin = text.find_last_not_of("0123456789+-*/=,", colon - 1) + 1;
    std::multiset<int64_t> results;
    std::vector<int64_t> leaves;
    const auto parts = oracle::Numbers(text.substr(begin, colon - begin));
    for (size_t i = 0; i + 2 < parts.size(); i += 3) {
      for (int64_t operand : {parts[i], parts[i + 1]}) {
        const auto earlier = results.find(operand);
        if (earlier == results.end())
          leaves.push_back(operand);
        else
          results.erase(earlier);
      }
      results.insert(parts[i + 2]);
    }
    all.push_back(leaves);
  }
  return all;
}

TEST(Countdown, PromptAndGoldAskTheSame) {
  const Problem problem = Generated()->Training(1, 0);
  const auto numbers = NumbersOf(problem);
  auto asked = oracle::Numbers(problem.prompt);
  EXPECT_EQ(problem.prompt.back(), ':');
  EXPECT_EQ(std::to_string(asked.back()), oracle::Between(problem.gold, "\"target\":", "}"));
  asked.pop_back();
  EXPECT_EQ(asked, numbers);
}

TEST(Countdown, NeitherTrainingNorCorpusShowsAHeldOutSetOfNumbers) {
  const auto task = Generated();
  int64_t tries = 0;
  for (int64_t i = 0; i < 20000; ++i) {
    ASSERT_FALSE(oracle::RowIsHeldOut(NumbersOf(task->Training(3, i)), true));
    const Document document = task->Corpus(3, i);
    if (!document.question.empty()) {
      auto numbers = oracle::Numbers(document.question);
      numbers.pop_back();
      ASSERT_FALSE(oracle::RowIsHeldOut(numbers, true)) << document.question;
    }
    for (const auto& leaves : Leaves(document.text)) {
      ASSERT_FALSE(oracle::RowIsHeldOut(leaves, true)) << document.text;
      ++tries;
    }
  }
  EXPECT_GT(tries, 20000);
}

TEST(Countdown, HeldOutProblemsAreDistinctAndOfTheirSide) {
  const auto task = Generated();
  std::set<std::string> prompts;
  for (const Problem& problem : task->HeldOut()) {
    EXPECT_TRUE(oracle::RowIsHeldOut(NumbersOf(problem), true));
    prompts.insert(problem.prompt);
  }
  EXPECT_EQ(prompts.size(), 500u);
}

TEST(Countdown, EveryDocumentIsWrittenInTheVocabulary) {
  const auto task = Generated();
  const auto vocabulary = task->Vocabulary();
  const std::set<std::string, std::less<>> words(vocabulary.begin(), vocabulary.end());
  EXPECT_EQ(words.size(), vocabulary.size());
  for (int64_t i = 0; i < 5000; ++i) {
    const Document document = task->Corpus(1, i);
    ASSERT_GE(oracle::CountTokens(document.question, words), 0);
    ASSERT_GT(oracle::CountTokens(document.text, words), 0) << document.text;
  }
}

TEST(Countdown, SomeWritersFindTheTargetAndMostDoNot) {
  const auto task = Generated();
  int ticked = 0, tries = 0;
  for (int64_t i = 0; i < 5000; ++i) {
    const Document document = task->Corpus(1, i);
    if (document.question.empty()) continue;
    ticked += oracle::Occurrences(document.text, "ok");
    tries += oracle::Occurrences(document.text, ":");
  }
  EXPECT_GT(ticked, tries / 20);
  EXPECT_LT(ticked, tries / 3);
}

TEST(Countdown, ProbesAskForOneTokenThatIsRight) {
  const auto task = Generated();
  const auto vocabulary = task->Vocabulary();
  const std::set<std::string> words(vocabulary.begin(), vocabulary.end());
  for (const ReadinessProbe& probe : task->Probes()) {
    EXPECT_GE(probe.items.size(), 100u);
    for (const auto& [context, next] : probe.items) {
      ASSERT_TRUE(words.contains(next)) << next;
      if (probe.name != "sums") {
        const bool hit = std::stoll(context.substr(context.rfind('=') + 1)) ==
                         std::stoll(context.substr(context.rfind(':') + 1));
        ASSERT_EQ(hit, probe.name == "ok_given_hit") << context;
        continue;
      }
      const size_t sign = context.find_last_of("+-*/");
      const auto [a, b, c] =
          std::tuple(oracle::Numbers(context.substr(0, sign)).back(),
                     oracle::Numbers(context.substr(sign)).back(), std::stoll(next));
      const char op = context[sign];
      ASSERT_TRUE(op == '+'   ? a + b == c
                  : op == '-' ? a - b == c
                  : op == '*' ? a * b == c
                              : b * c == a)
          << context << next;
    }
  }
}

TEST(Countdown, ATemplateSaysHowItIsAsked) {
  const auto task =
      MakeTask({.name = "countdown",
                .prompt_template = "Make {target} of {number_list} ({numbers}). Use \\boxed{} £."});
  const Problem problem = task->Training(1, 0);
  const auto plain = Generated()->Training(1, 0);
  EXPECT_EQ(problem.gold, plain.gold);
  const std::string numbers = plain.prompt.substr(0, plain.prompt.find('='));
  EXPECT_THAT(problem.prompt, HasSubstr("(" + numbers + "). Use \\boxed{} £."));
  EXPECT_THAT(problem.prompt, HasSubstr(" of ["));
  const auto vocabulary = task->Vocabulary();
  const std::set<std::string, std::less<>> words(vocabulary.begin(), vocabulary.end());
  EXPECT_GT(oracle::CountTokens(problem.prompt, words), 0);
  EXPECT_TRUE(words.contains("£"));
}

TEST(Countdown, ReadsTinyZerosFilesAndSplitsThem) {
  std::string rows;
  for (int i = 1; i <= 99; ++i)
    rows +=
        R"({"nums":[)" + std::to_string(i) + R"(,7,5],"target":)" + std::to_string(i + 12) + "}\n";
  rows += R"({"target":16,"numbers":[3,5,8]})";
  const TempFile file(rows);
  const auto task = MakeTask({.name = "countdown", .file = file.path()});
  std::set<std::string> golds;
  for (const Problem& problem : task->HeldOut()) {
    EXPECT_TRUE(oracle::RowIsHeldOut(NumbersOf(problem), true));
    EXPECT_TRUE(golds.insert(problem.gold).second);
  }
  const int64_t training = 100 - static_cast<int64_t>(golds.size());
  for (int64_t i = 0; i < training; ++i)
    EXPECT_TRUE(golds.insert(task->Training(1, i).gold).second);
  EXPECT_EQ(golds.size(), 100u);
  EXPECT_TRUE(golds.contains(R"({"numbers":[3,5,8],"target":16})"));
  EXPECT_FALSE(task->Corpus(1, 0).text.empty());
}

TEST(Countdown, ABadRowIsNamedByPlace) {
  const auto fails_with = [](const std::string& row, const std::string& message) {
    const TempFile file("{\"nums\":[1,2,3],\"target\":6}\n" + row + "\n");
    EXPECT_THAT([&] { MakeTask({.name = "countdown", .file = file.path()}); },
                ThrowsMessage<Error>(HasSubstr(file.path() + message)))
        << row;
  };
  fails_with(R"({"nums":[1,2.5],"target":6})", ":2:9: \"nums\" is [1,2.5], expected a list");
  fails_with(R"({"nums":[5],"target":6})", ":2:9: \"nums\" is [5], expected 2 to 16");
  fails_with(R"({"nums":[0,5],"target":6})", ":2:9: \"nums\" is [0,5], expected 2 to 16");
  fails_with(R"({"nums":[1,5],"target":"6"})", ":2:24: \"target\" is \"6\", expected a whole");
  fails_with(R"({"nums":[1,5],"target":-9223372036854775808})", ":2:24: \"target\" is -92233");
  fails_with(R"({"nums":[1,5],"target":1000000001})", ":2:24: \"target\" is 1000000001");
  fails_with(R"({"nums":[1,5]})", ":2:1: the row has no \"target\"");
  fails_with(R"({"target":5})", ":2:1: the row has no \"numbers\"");
}

TEST(Countdown, BadSettingsAreRefused) {
  EXPECT_THAT([] { MakeTask({.name = "countdown", .prompt_template = "Make {target}"}); },
              ThrowsMessage<Error>(HasSubstr("{numbers}")));
  EXPECT_THAT([] { MakeTask({.name = "countdown", .most_numbers = 3, .largest_number = 5}); },
              ThrowsMessage<Error>(HasSubstr("task.held_out is 500, but only ")));
  EXPECT_THAT([] { MakeTask({.name = "countdown", .held_out_file = "x"}); },
              ThrowsMessage<Error>(HasSubstr("held_out_file")));
  EXPECT_THAT([] { MakeTask({.name = "countdown", .mix = {.in_order = 0.3}}); },
              ThrowsMessage<Error>(HasSubstr("in_order")));
}

}  // namespace
}  // namespace r1zero
