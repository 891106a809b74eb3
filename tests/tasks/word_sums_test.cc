#include "tasks/word_sums.h"

#include <gmock/gmock.h>

#include <set>

#include "common/error.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TaskConfig Config() {
  TaskConfig config;
  config.name = "word_sums";
  config.held_out = 200;
  return config;
}

TEST(WordSums, AsksTrainingAndHeldOutProblemsThatNeverMeet) {
  const auto task = MakeTask(Config());
  std::set<std::string> held_out;
  for (const Problem& problem : task->HeldOut()) held_out.insert(problem.prompt);
  EXPECT_EQ(held_out.size(), 200u);
  for (int64_t n = 0; n < 500; ++n) {
    const Problem problem = task->Training(1, n);
    EXPECT_FALSE(held_out.contains(problem.prompt));
    EXPECT_EQ(problem.prompt, task->Training(1, n).prompt);
    EXPECT_GE(std::stoi(problem.gold), 4);
    EXPECT_LE(std::stoi(problem.gold), 18);
  }
  EXPECT_NE(task->Training(1, 0).prompt, task->Training(2, 0).prompt);
}

TEST(WordSums, PutsTemplateSystemAndStyleAroundTheQuestion) {
  TaskConfig config = Config();
  config.prompt_template = "Q: {prompt}";
  config.data.system = "Be brief.";
  EXPECT_THAT(MakeTask(config)->Training(1, 0).prompt, testing::StartsWith("Be brief.\n\nQ: "));
  config.data.style = "r1-zero";
  EXPECT_THAT([&] { MakeTask(config); },
              ThrowsMessage<Error>(HasSubstr("no place for a system message")));
  config.data.system.clear();
  EXPECT_THAT(MakeTask(config)->Training(1, 0).prompt, HasSubstr("User: Q: "));
}

TEST(WordSums, RefusesWhatItDoesNotHave) {
  TaskConfig with_file = Config();
  with_file.file = "x.jsonl";
  EXPECT_THROW(MakeTask(with_file), Error);
  TaskConfig with_filter = Config();
  with_filter.data.max_prompt_tokens = 5;
  EXPECT_THAT([&] { MakeTask(with_filter); }, ThrowsMessage<Error>(HasSubstr("max_prompt_tokens")));
  TaskConfig with_template = Config();
  with_template.prompt_template = "no place";
  EXPECT_THROW(MakeTask(with_template), Error);
  EXPECT_THAT([&] { MakeTask(Config())->Corpus(1, 0); },
              ThrowsMessage<Error>(HasSubstr("policy.path")));
}

}  // namespace
}  // namespace r1zero
