#include "tasks/data_task.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "common/error.h"
#include "common/sha256.h"
#include "tests/tasks/temp_file.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;

std::string Row(const std::string& prompt, const std::string& answer) {
  return "{\"prompt\":\"" + prompt + "\",\"answer\":\"" + answer + "\"}\n";
}

// Rows NAMEfrom.. to NAMEto-1; the answer is the number.
std::string Rows(const std::string& name, int from, int to) {
  std::string rows;
  for (int i = from; i < to; ++i) rows += Row(name + std::to_string(i), std::to_string(i));
  return rows;
}

TaskConfig Config(DataConfig data, int64_t held_out = 500) {
  return {.name = "data", .held_out = held_out, .data = std::move(data)};
}

std::multiset<std::string> Prompts(const Task& task, uint64_t seed, int64_t from, int64_t to) {
  std::multiset<std::string> prompts;
  for (int64_t n = from; n < to; ++n) prompts.insert(task.Training(seed, n).prompt);
  return prompts;
}

std::vector<std::string> HeldOut(const Task& task) {
  std::vector<std::string> prompts;
  for (const Problem& problem : task.HeldOut()) prompts.push_back(problem.prompt);
  return prompts;
}

TEST(DataTask, OneFileIsSplitAndShuffledAsJsonlIs) {
  const TempFile file(Rows("q", 0, 30));
  const auto data = MakeTask({.name = "data", .file = file.path()});
  const auto jsonl = MakeTask({.name = "jsonl", .file = file.path()});
  EXPECT_EQ(HeldOut(*data), HeldOut(*jsonl));
  for (int64_t n = 0; n < 100; ++n) {
    EXPECT_EQ(data->Training(7, n).prompt, jsonl->Training(7, n).prompt);
    EXPECT_EQ(data->Training(7, n).gold, jsonl->Training(7, n).gold);
  }
}

TEST(DataTask, SeveralSetsAreMixedByWeightEachWithItsOwnEpochs) {
  const TempFile a(Rows("a", 0, 10)), b(Rows("b", 0, 20));
  const auto task = MakeTask(Config({.files = {a.path(), b.path()}, .weights = {"3", "1"}}));
  EXPECT_THAT(HeldOut(*task), ElementsAre("a9", "b18", "b19"));
  // 72 prompts: 54 of the 9 rows of a, 18 of the 18 rows of b.
  for (const uint64_t seed : {1, 2}) {
    const auto prompts = Prompts(*task, seed, 0, 72);
    for (int i = 0; i < 9; ++i) EXPECT_EQ(prompts.count("a" + std::to_string(i)), 6u) << i;
    for (int i = 0; i < 18; ++i) EXPECT_EQ(prompts.count("b" + std::to_string(i)), 1u) << i;
  }
}

TEST(DataTask, TheSameOrdinalIsTheSameProblemInEveryProcess) {
  const TempFile a(Rows("a", 0, 10)), b(Rows("b", 0, 20));
  const TaskConfig config = Config({.files = {a.path(), b.path()}, .weights = {"0.3", "0.7"}});
  const auto one = MakeTask(config), other = MakeTask(config);
  for (int64_t n = 500; n-- > 0;)
    EXPECT_EQ(one->Training(1, n).prompt, other->Training(1, n).prompt);
}

TEST(DataTask, HeldOutPromptsAreTrainedOnInNoSet) {
  const TempFile a(Rows("q", 0, 10)), b(Rows("q", 5, 25)), held(Rows("q", 0, 3));
  const auto task =
      MakeTask(Config({.files = {a.path(), b.path()}, .held_out_files = {held.path(), ""}}, 2));
  EXPECT_THAT(HeldOut(*task), ElementsAre("q0", "q23"));
  const auto asked = Prompts(*task, 1, 0, 200);
  for (const char* prompt : {"q0", "q1", "q2", "q23", "q24"}) EXPECT_FALSE(asked.contains(prompt));
  EXPECT_TRUE(asked.contains("q3") && asked.contains("q22"));
  EXPECT_THAT(
      task->Notes(),
      ElementsAre(HasSubstr(": 10 rows read as TRL: 7 to train on, 3 to hold out; left out: 3 "
                            "that ask a held-out prompt"),
                  HasSubstr(": 20 rows read as TRL: 18 to train on, 2 to hold out")));
}

TEST(DataTask, TheHeldOutAreSharedOutByWeight) {
  const TempFile a(Rows("a", 0, 100)), b(Rows("b", 0, 100));
  const auto task = MakeTask(Config({.files = {a.path(), b.path()}, .weights = {"3", "1"}}, 8));
  EXPECT_THAT(HeldOut(*task), ElementsAre("a90", "a91", "a92", "a93", "a94", "a95", "b90", "b91"));
}

TEST(DataTask, SetsMayShareAHeldOutFile) {
  const TempFile a(Rows("a", 0, 10)), b(Rows("b", 0, 10)), held(Rows("h", 0, 2));
  const DataConfig data{.files = {a.path(), b.path()},
                        .held_out_files = {held.path(), held.path()}};
  EXPECT_THAT(HeldOut(*MakeTask(Config(data, 2))), ElementsAre("h0", "h1"));
  EXPECT_THAT(HeldOut(*MakeTask(Config(data, 20))), ElementsAre("h0", "h1"));
}

TEST(DataTask, NothingToTrainOnOrToHoldOutIsRefused) {
  const TempFile one(Rows("q", 0, 1)), same(Rows("q", 0, 20));
  TaskConfig config = Config({});
  config.file = one.path();
  EXPECT_THAT(
      [&] { MakeTask(config); },
      ThrowsMessage<Error>(HasSubstr("0 to train on, 1 to hold out; expected some to train")));
  config.file = config.held_out_file = same.path();
  EXPECT_THAT([&] { MakeTask(config); },
              ThrowsMessage<Error>(HasSubstr("20 that ask a held-out prompt")));
  config.held_out_file.clear();
  config.data.max_prompt_tokens = 2;
  const PromptReader reader{"",
                            [](const std::string& p) { return static_cast<int64_t>(p.size()); }};
  EXPECT_THAT([&] { MakeTask(config, reader); },
              ThrowsMessage<Error>(HasSubstr("no problem is left to hold out")));
}

TEST(DataTask, ATemplateAndASystemMessageGoAroundTheUsersText) {
  const TempFile file(
      "{\"prompt\":[{\"role\":\"system\",\"content\":\"own\"},{\"role\":\"user\",\"content\":\"{"
      "prompt}\"}],"
      "\"answer\":1}\n" +
      Row("held", "x"));
  TaskConfig config = Config({.system = "be brief"});
  config.file = file.path();
  config.prompt_template = "<{prompt}>";
  const auto task = MakeTask(config);
  EXPECT_THAT(task->Training(1, 0).prompt, AllOf(HasSubstr("own"), HasSubstr("<{prompt}>")));
  EXPECT_THAT(HeldOut(*task), ElementsAre(AllOf(HasSubstr("be brief"), HasSubstr("<held>"))));
}

TEST(DataTask, LongPromptsAreLeftOutAndCounted) {
  const TempFile file(Row("long long", "1") + Rows("q", 0, 18) + Row("long held", "1"));
  TaskConfig config = Config({.max_prompt_tokens = 3});
  config.file = file.path();
  const PromptReader reader{"",
                            [](const std::string& p) { return static_cast<int64_t>(p.size()); }};
  const auto task = MakeTask(config, reader);
  EXPECT_FALSE(Prompts(*task, 1, 0, 17).contains("long long"));
  EXPECT_THAT(HeldOut(*task), ElementsAre("q17"));
  EXPECT_THAT(task->Notes(), ElementsAre(HasSubstr("; left out: 1 with a longer prompt")));
  EXPECT_THAT([&] { MakeTask(config); }, ThrowsMessage<Error>(HasSubstr("set policy.path")));
}

TEST(DataTask, ABadRowStopsOrIsCountedAndTheFirstIsShown) {
  const TempFile file("{]\n" + Rows("q", 0, 9) + "{\"prompt\":\"x\"}\n" + Rows("q", 10, 11));
  TaskConfig config = Config({});
  config.file = file.path();
  EXPECT_THAT([&] { MakeTask(config); },
              ThrowsMessage<Error>(HasSubstr(file.path() + ":1:2: not valid JSON")));
  config.data.bad_rows = "skip";
  const auto task = MakeTask(config);
  EXPECT_EQ(Prompts(*task, 1, 0, 9).count("q3"), 1u);
  EXPECT_THAT(task->Notes(),
              ElementsAre(AllOf(HasSubstr("12 rows read as TRL: 9 to train on, 1 to hold out; left "
                                          "out: 2 bad (the first: "),
                                HasSubstr(":1:2: not valid JSON"))));
}

TEST(DataTask, OnlyBadRowsStopEvenWhereTheyAreSkipped) {
  const TempFile file("{]\n{]\n");
  TaskConfig config = Config({.bad_rows = "skip"});
  config.file = file.path();
  EXPECT_THAT([&] { MakeTask(config); }, ThrowsMessage<Error>(HasSubstr(":2:2: not valid JSON")));
}

std::string Rate(const std::string& prompt, int samples, int right) {
  return "{\"row\":1,\"prompt_sha256\":\"" + Sha256Hex(prompt) +
         "\",\"samples\":" + std::to_string(samples) + ",\"right\":" + std::to_string(right) +
         "}\n";
}

// Of q0 to q18, qN was solved N times in 20; q18 was not measured, and q0 was measured twice.
std::string Rates() {
  std::string rates = Rate("q0", 60, 0);
  for (int i = 0; i < 18; ++i) rates += Rate("q" + std::to_string(i), 20, i);
  return rates;
}

TEST(DataTask, ACurriculumKeepsWhatIsSolvedNowAndThen) {
  const std::string header = R"({"evaluation":1,"settings_sha256":"0","settings":{}})";
  const TempFile file(Rows("q", 0, 21)), rates(header + "\n" + Rates());
  TaskConfig config = Config({.curriculum = "filter",
                              .pass_rates = rates.path(),
                              .pass_rate_min = 0.1,
                              .pass_rate_max = 0.5});
  config.file = file.path();
  const auto task = MakeTask(config);
  const auto epoch = Prompts(*task, 1, 0, 9);
  EXPECT_THAT(epoch, ElementsAre("q10", "q2", "q3", "q4", "q5", "q6", "q7", "q8", "q9"));
  EXPECT_THAT(task->Notes(),
              ElementsAre(HasSubstr("9 to train on, 3 to hold out; left out: 9 outside "
                                    "the pass rates")));
}

TEST(DataTask, EasyFirstAsksTheEasyOnesFirst) {
  const TempFile file(Rows("q", 0, 21)), rates(Rates());
  TaskConfig config = Config({.curriculum = "easy-first", .pass_rates = rates.path()});
  config.file = file.path();
  const auto task = MakeTask(config);
  for (int64_t n = 0; n < 36; ++n)
    EXPECT_EQ(task->Training(1, n).prompt, "q" + std::to_string(17 - n % 18)) << n;
}

TEST(DataTask, BadPassRatesAreNamedAndOthersLeaveNothing) {
  const TempFile file(Rows("q", 0, 30)), other(Rate("elsewhere", 4, 1));
  const std::string sha = Sha256Hex("x");
  TaskConfig config = Config({.curriculum = "filter"});
  config.file = file.path();
  const auto refusal = [&](const std::string& rows) {
    const TempFile rates(rows);
    config.data.pass_rates = rates.path();
    try {
      MakeTask(config);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal(R"({"prompt_sha256":"abc","samples":1,"right":1})"),
              HasSubstr(":1:18: \"prompt_sha256\" is \"abc\", expected 64 lower-case hex digits"));
  EXPECT_THAT(refusal("{\"prompt_sha256\":\"" + sha + R"(","samples":1,"right":2})"),
              HasSubstr("\"right\" is 2, expected 0 to \"samples\""));
  EXPECT_THAT(refusal("{\"prompt_sha256\":\"" + sha + R"(","samples":0,"right":0})"),
              HasSubstr("\"samples\" is 0"));
  EXPECT_THAT(refusal(Rate("elsewhere", 4, 1)), AllOf(HasSubstr("left out: 27 without a pass rate"),
                                                      HasSubstr("expected some to train on")));
}

TEST(DataTask, TheVerifierIsGsm8ksWhereAllFilesAre) {
  const TempFile gsm8k(
      "{\"question\":\"a\",\"answer\":\"#### 1\"}\n{\"question\":\"b\",\"answer\":\"#### 2\"}\n");
  const TempFile own(Rows("q", 0, 10));
  EXPECT_EQ(MakeTask({.name = "data", .file = gsm8k.path()})->accuracy_verifier(), "gsm8k");
  EXPECT_EQ(MakeTask(Config({.files = {gsm8k.path(), own.path()}}))->accuracy_verifier(), "exact");
}

TEST(DataTask, TheVocabularyIsTagsAndTheCharactersOfWhatIsAsked) {
  const TempFile file(Row("b\u00e9", "a") + Row("q", "c"));
  EXPECT_THAT(MakeTask({.name = "data", .file = file.path()})->Vocabulary(),
              ElementsAre("<pad>", "<eos>", "<think>", "</think>", "<answer>", "</answer>", "a",
                          "b", "c", "q", "\u00e9"));
}

TEST(DataTask, KeysThatDoNotFitTogetherAreNamed) {
  const TempFile file(Rows("q", 0, 10));
  const auto refusal = [&](TaskConfig config) {
    config.name = config.name == "signs" ? "data" : config.name;
    try {
      MakeTask(config);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  const std::string path = file.path();
  EXPECT_THAT(refusal({}), HasSubstr("task.files has 0 names, expected one of the two"));
  EXPECT_THAT(refusal({.data = {.files = {path, path}}}),
              HasSubstr("twice; task.weights says how often a file is asked"));
  EXPECT_THAT(refusal({.file = path, .data = {.files = {path}}}),
              HasSubstr("expected one of the two"));
  EXPECT_THAT(refusal({.file = path, .data = {.weights = {"1", "2"}}}),
              HasSubstr("task.weights has 2 numbers, expected 1"));
  EXPECT_THAT(refusal({.file = path, .data = {.weights = {"-1"}}}),
              HasSubstr("task.weights has '-1'"));
  EXPECT_THAT(refusal({.data = {.files = {path, path + "2"}, .held_out_files = {path}}}),
              HasSubstr("task.held_out_files has 1 names, expected 2"));
  EXPECT_THAT(refusal({.held_out_file = path, .data = {.files = {path}}}),
              HasSubstr("task.held_out_file goes with task.file"));
  EXPECT_THAT(refusal({.file = path, .data = {.curriculum = "filter"}}),
              HasSubstr("expected both or neither"));
  EXPECT_THAT(refusal({.file = path,
                       .data = {.curriculum = "filter",
                                .pass_rates = path,
                                .pass_rate_min = 0.9,
                                .pass_rate_max = 0.1}}),
              HasSubstr("task.pass_rate_min is 0.9, expected at most"));
  EXPECT_THAT(refusal({.file = path, .data = {.pass_rate_min = 0.5}}),
              HasSubstr("task.curriculum is \"none\", which keeps every row"));
  EXPECT_THAT(refusal({.file = path, .prompt_template = "none"}),
              HasSubstr("expected {prompt} in it"));
  EXPECT_THAT(
      refusal({.name = "jsonl", .file = path, .data = {.system = "s"}}),
      HasSubstr("task.system is set, but only the tasks data and word_sums read it, not jsonl"));
  EXPECT_THAT(refusal({.file = path, .largest_number = 9}), HasSubstr("task.largest_number"));
}

TEST(DataTask, Gsm8kAsPublishedIsSplitAndAsked) {
  const std::string folder = std::string(R1ZERO_SHARED_DATA) + "/gsm8k/";
  if (!std::filesystem::exists(folder))
    GTEST_SKIP() << "the shared data is not at " << R1ZERO_SHARED_DATA;
  const auto task = MakeTask({.name = "data",
                              .file = folder + "train.jsonl",
                              .held_out_file = folder + "test.jsonl",
                              .held_out = 100});
  EXPECT_EQ(task->HeldOut().size(), 100u);
  EXPECT_EQ(task->HeldOut()[0].gold, "18");
  const auto epoch = Prompts(*task, 1, 0, 7473);
  EXPECT_EQ(std::set<std::string>(epoch.begin(), epoch.end()).size(), 7473u);
}

}  // namespace
}  // namespace r1zero
