#include "common/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Engine {
  int64_t max_sequences = 256;
};

struct Config {
  std::string name = "test";
  int group_size = 16;
  int threads = 0;
  int64_t seed = 1;
  double lr = 2e-4;
  double clip_high = 0.2;
  bool shuffle = false;
  std::string std_option = "unbiased";
  std::vector<std::string> temperatures = {"1", "0.6"};
  std::vector<std::pair<std::string, double>> weights = {{"accuracy", 1.0}, {"format", 0.1}};
  Engine engine;
  bool operator==(const Config& o) const {
    return std::tie(name, group_size, threads, seed, lr, clip_high, shuffle, std_option,
                    temperatures, weights, engine.max_sequences) ==
           std::tie(o.name, o.group_size, o.threads, o.seed, o.lr, o.clip_high, o.shuffle,
                    o.std_option, o.temperatures, o.weights, o.engine.max_sequences);
  }
};

// A section is described between two keys of its parent, which TOML must not confuse.
void Describe(Fields& f, Config& c) {
  f.Section("run", "the run", [&] { f.Key("name", c.name, "name of the run folder"); });
  f.Key("seed", c.seed, "seed of everything");
  f.Section("grpo", "training", [&] {
    f.Key("group_size", c.group_size, "completions sampled per prompt", {.min = 2, .max = 4096});
    f.Section("engine", "decoding", [&] {
      f.Key("max_sequences", c.engine.max_sequences, "decoded together", {.min = 1});
    });
    f.Key("threads", c.threads, "learner threads");
    f.Key("lr", c.lr, "peak learning rate", {.min = 0});
    f.Key("clip_high", c.clip_high, "upper clip", {.max = 1});
    f.Key("shuffle", c.shuffle, "shuffle\nthe batch");
    f.Key("std", c.std_option, "which deviation", {"unbiased", "population", "none"});
  });
  f.Section("eval", "evaluation", [&] { f.Key("temperatures", c.temperatures, "sampled at"); });
  f.Section("reward", "rewards", [&] { f.Key("weights", c.weights, "share of each part"); });
}

class ConfigFile : public testing::Test {
 protected:
  ConfigFile() : path_(testing::TempDir() + "/config_test_" + std::to_string(getpid()) + ".toml") {}
  ~ConfigFile() override { std::filesystem::remove(path_); }

  Config Read(const std::string& toml, std::vector<std::string> overrides = {}) {
    std::ofstream(path_) << toml;
    Config config;
    ReadConfig(path_, overrides, [&](Fields& f) { Describe(f, config); });
    return config;
  }

  // The message without the folder of the file.
  std::string ErrorOf(const std::string& toml, std::vector<std::string> overrides = {}) {
    try {
      Read(toml, overrides);
    } catch (const Error& error) {
      std::string message = error.what();
      if (message.starts_with(path_)) message.replace(0, path_.size(), "x.toml");
      return message;
    }
    return "no error";
  }

  std::string path_;
};

Config WithOverrides(std::vector<std::string> overrides) {
  Config config;
  ReadConfig("", overrides, [&](Fields& f) { Describe(f, config); });
  return config;
}

std::string ErrorOfSet(const std::string& override_text) {
  try {
    WithOverrides({override_text});
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(ConfigFile, NothingWrittenLeavesTheDefaults) { EXPECT_EQ(Read(""), Config{}); }

TEST_F(ConfigFile, EveryTypeIsRead) {
  const Config config = Read(R"(seed = -9223372036854775808
run.name = "a \"b\" \u0041"
[grpo]
group_size = 4_096
lr = 1  # a whole number is a number
clip_high = -5e-1
shuffle = true
std = 'none'
engine = {max_sequences = 0x10}
[eval]
temperatures = [
  "2",
]
)");
  EXPECT_EQ(config.seed, std::numeric_limits<int64_t>::min());
  EXPECT_EQ(config.name, "a \"b\" A");
  EXPECT_EQ(config.group_size, 4096);
  EXPECT_EQ(config.lr, 1.0);
  EXPECT_EQ(config.clip_high, -0.5);
  EXPECT_TRUE(config.shuffle);
  EXPECT_EQ(config.std_option, "none");
  EXPECT_EQ(config.engine.max_sequences, 16);
  EXPECT_THAT(config.temperatures, ElementsAre("2"));
}

TEST_F(ConfigFile, TheFileOverridesDefaultsAndSetOverridesTheFileInOrder) {
  const Config config = Read("[grpo]\nlr = 0.5\ngroup_size = 8\nclip_high = 0.3",
                             {"grpo.lr=0.25", "grpo.group_size=4", "grpo.lr=0.125"});
  EXPECT_EQ(config.lr, 0.125);
  EXPECT_EQ(config.group_size, 4);
  EXPECT_EQ(config.clip_high, 0.3);
  EXPECT_EQ(config.seed, 1);
}

TEST_F(ConfigFile, AnUnknownKeyNamesLineSectionAndTheNearestKey) {
  EXPECT_EQ(ErrorOf("seed = 2\n\n[grpo]\nlr = 1\nclip_hihg = 0.2"),
            "x.toml:5: [grpo]: unknown key 'clip_hihg'; did you mean 'clip_high'?");
  EXPECT_EQ(ErrorOf("sed = 2"), "x.toml:1: unknown key 'sed'; did you mean 'seed'?");
  EXPECT_EQ(ErrorOf("\n[gpro]\nlr = 1"), "x.toml:2: unknown section 'gpro'; did you mean 'grpo'?");
  EXPECT_EQ(ErrorOf("[grpo.engin]\n"),
            "x.toml:1: [grpo]: unknown section 'engin'; did you mean 'engine'?");
  EXPECT_EQ(ErrorOf("[grpo]\nquite_another = 1"), "x.toml:2: [grpo]: unknown key 'quite_another'");
  EXPECT_EQ(ErrorOf("clip_high = 1"),
            "x.toml:1: unknown key 'clip_high'; did you mean 'grpo.clip_high'?");
  EXPECT_EQ(ErrorOf("\"grpo.lr\" = 1"), "x.toml:1: unknown key 'grpo.lr'; did you mean 'grpo.lr'?");
}

TEST_F(ConfigFile, ANumberInAListOfTextsIsItsText) {
  EXPECT_THAT(Read("[eval]\ntemperatures = [1, 0.6, \"2\"]").temperatures,
              ElementsAre("1", "0.6", "2"));
}

TEST_F(ConfigFile, AWrongTypeSaysWhatWasFoundAndExpected) {
  EXPECT_EQ(ErrorOf("[grpo]\nlr = \"fast\""),
            "x.toml:2: [grpo]: 'lr' is \"fast\", expected a number, at least 0");
  EXPECT_EQ(ErrorOf("[grpo]\nlr = true"),
            "x.toml:2: [grpo]: 'lr' is true, expected a number, at least 0");
  EXPECT_EQ(ErrorOf("seed = 1.5"), "x.toml:1: 'seed' is 1.5, expected a whole number");
  EXPECT_EQ(ErrorOf("seed = 1.0"), "x.toml:1: 'seed' is 1.0, expected a whole number");
  EXPECT_EQ(ErrorOf("seed = []"), "x.toml:1: 'seed' is a list, expected a whole number");
  EXPECT_EQ(ErrorOf("[grpo]\nshuffle = 1"),
            "x.toml:2: [grpo]: 'shuffle' is 1, expected true or false");
  EXPECT_EQ(ErrorOf("[run]\nname = 7"), "x.toml:2: [run]: 'name' is 7, expected text in quotes");
  EXPECT_EQ(ErrorOf("[eval]\ntemperatures = \"1\""),
            "x.toml:2: [eval]: 'temperatures' is \"1\", expected a list of texts in quotes");
  EXPECT_EQ(
      ErrorOf("[eval]\ntemperatures = [\"1\", true]"),
      "x.toml:2: [eval]: 'temperatures' has the item true, expected a list of texts in quotes");
  EXPECT_EQ(ErrorOf("[reward]\nweights = 1"),
            "x.toml:2: [reward]: 'weights' is 1, expected a table of numbers");
  EXPECT_EQ(ErrorOf("[reward.weights]\nformat = \"x\""),
            "x.toml:1: [reward]: 'weights.format' is \"x\", expected a number");
  EXPECT_EQ(ErrorOf("\ngrpo = 3"), "x.toml:2: 'grpo' is 3, expected the section [grpo]");
  EXPECT_EQ(ErrorOf("[[grpo]]\nlr = 3"), "x.toml:1: 'grpo' is a list, expected the section [grpo]");
  EXPECT_EQ(ErrorOf("[grpo.lr]\nx = 3"),
            "x.toml:1: [grpo]: 'lr' is a table, expected a number, at least 0");
}

TEST_F(ConfigFile, ANumberOutOfRangeNamesTheBounds) {
  EXPECT_EQ(ErrorOf("[grpo]\ngroup_size = 1"),
            "x.toml:2: [grpo]: 'group_size' is 1, expected 2 to 4096");
  EXPECT_EQ(ErrorOf("[grpo]\nlr = -1e-9"), "x.toml:2: [grpo]: 'lr' is -1e-09, expected at least 0");
  EXPECT_EQ(ErrorOf("[grpo]\nclip_high = 1.5"),
            "x.toml:2: [grpo]: 'clip_high' is 1.5, expected at most 1");
  EXPECT_EQ(ErrorOf("[grpo]\nthreads = 2147483648"),
            "x.toml:2: [grpo]: 'threads' is 2147483648, expected -2147483648 to 2147483647");
  EXPECT_EQ(ErrorOf("[grpo]\nlr = nan"),
            "x.toml:2: [grpo]: 'lr' is nan, expected a finite number, at least 0");
  EXPECT_EQ(ErrorOf("[grpo]\nlr = inf"),
            "x.toml:2: [grpo]: 'lr' is inf, expected a finite number, at least 0");
  EXPECT_THAT(ErrorOf("\nseed = 9223372036854775808"), HasSubstr("x.toml:2: "));
}

TEST_F(ConfigFile, TextThatIsNoChoiceNamesTheChoices) {
  EXPECT_EQ(
      ErrorOf("[grpo]\nstd = \"unbaised\""),
      "x.toml:2: [grpo]: 'std' is \"unbaised\", expected one of 'unbiased', 'population', 'none'; "
      "did you mean 'unbiased'?");
}

TEST_F(ConfigFile, SyntaxErrorsAndDuplicatesNameTheLine) {
  EXPECT_THAT(ErrorOf("seed = 1\nseed = 2"), testing::StartsWith("x.toml:2: "));
  EXPECT_THAT(ErrorOf("[grpo]\nlr = 1\n[grpo]"), testing::StartsWith("x.toml:3: "));
  EXPECT_THAT(ErrorOf("seed = \n"), testing::StartsWith("x.toml:1: "));
  EXPECT_THAT(ErrorOf("[run]\nname = \"open\n"), testing::StartsWith("x.toml:2: "));
  EXPECT_THAT(ErrorOf("[run]\nname = \"\xff\""), testing::StartsWith("x.toml:2: "));
  EXPECT_THAT(ErrorOf(std::string("seed = 1\n\0", 10)), testing::StartsWith("x.toml:2: "));
}

TEST_F(ConfigFile, AMissingOrUnreadableFileIsNamed) {
  const auto read = [](const std::string& path) {
    Config config;
    ReadConfig(path, {}, [&](Fields& f) { Describe(f, config); });
  };
  try {
    read("/no/such.toml");
    FAIL() << "expected an Error";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "/no/such.toml: cannot be opened: No such file or directory");
  }
  EXPECT_THROW(read(testing::TempDir()), Error);
}

TEST_F(ConfigFile, ATableOfNumbersReplacesTheDefaultInTheOrderWritten) {
  const Config config = Read("[reward.weights]\nzeta = 1\nalpha = 0.5");
  EXPECT_THAT(config.weights, ElementsAre(Pair("zeta", 1.0), Pair("alpha", 0.5)));
  EXPECT_THAT(Read("reward.weights = {b = 1, a = 2}").weights,
              ElementsAre(Pair("b", 1.0), Pair("a", 2.0)));
  EXPECT_THAT(Read("reward.weights = {}").weights, IsEmpty());
}

TEST(ConfigSet, TakesTomlAndBareText) {
  EXPECT_EQ(WithOverrides({"run.name=7b"}).name, "7b");
  EXPECT_EQ(WithOverrides({"run.name=7"}).name, "7");
  EXPECT_EQ(WithOverrides({"run.name=\"a b\""}).name, "a b");
  EXPECT_EQ(WithOverrides({"run.name=a=b # \\c"}).name, "a=b # \\c");
  EXPECT_EQ(WithOverrides({"run.name="}).name, "");
  EXPECT_EQ(WithOverrides({"run.name=1\nseed = 2"}).name, "1\nseed = 2");
  EXPECT_EQ(WithOverrides({"grpo.lr = 1e-4 "}).lr, 1e-4);
  EXPECT_TRUE(WithOverrides({"grpo.shuffle=true"}).shuffle);
  EXPECT_EQ(WithOverrides({"grpo.engine.max_sequences=3"}).engine.max_sequences, 3);
  EXPECT_THAT(WithOverrides({"eval.temperatures=[\"2\"]"}).temperatures, ElementsAre("2"));
  EXPECT_THAT(WithOverrides({"eval.temperatures=1, 0.6"}).temperatures, ElementsAre("1", "0.6"));
  EXPECT_THAT(WithOverrides({"eval.temperatures=1"}).temperatures, ElementsAre("1"));
  EXPECT_THAT(WithOverrides({"eval.temperatures="}).temperatures, IsEmpty());
}

TEST(ConfigSet, SetsOneEntryOfATableOrAll) {
  EXPECT_THAT(WithOverrides({"reward.weights.format=0.2", "reward.weights.language=1"}).weights,
              ElementsAre(Pair("accuracy", 1.0), Pair("format", 0.2), Pair("language", 1.0)));
  EXPECT_THAT(WithOverrides({"reward.weights={x=1}"}).weights, ElementsAre(Pair("x", 1.0)));
}

TEST(ConfigSet, MistakesNameTheTextAndTheNearestKey) {
  EXPECT_EQ(ErrorOfSet("grpo.lrr=1"),
            "--set grpo.lrr=1: unknown key 'grpo.lrr'; did you mean 'grpo.lr'?");
  EXPECT_EQ(ErrorOfSet("gropo.lr=1"),
            "--set gropo.lr=1: unknown key 'gropo.lr'; did you mean 'grpo.lr'?");
  EXPECT_EQ(ErrorOfSet("lr=1"), "--set lr=1: unknown key 'lr'; did you mean 'grpo.lr'?");
  EXPECT_EQ(ErrorOfSet("grpo=1"), "--set grpo=1: 'grpo' is a section, expected one of its keys");
  EXPECT_EQ(
      ErrorOfSet("reward.weights.=1"),
      "--set reward.weights.=1: unknown key 'reward.weights.'; did you mean 'reward.weights'?");
  EXPECT_EQ(ErrorOfSet("grpo.lr=fast"),
            "--set grpo.lr=fast: 'grpo.lr' is \"fast\", expected a number, at least 0");
  EXPECT_EQ(ErrorOfSet("grpo.group_size=1"),
            "--set grpo.group_size=1: 'grpo.group_size' is 1, expected 2 to 4096");
  EXPECT_EQ(
      ErrorOfSet("grpo.group_size=2.0"),
      "--set grpo.group_size=2.0: 'grpo.group_size' is 2.0, expected a whole number, 2 to 4096");
  EXPECT_THAT(ErrorOfSet("seed=9223372036854775808"), HasSubstr("expected a whole number"));
  EXPECT_THAT(ErrorOfSet("grpo.std=x"),
              HasSubstr("expected one of 'unbiased', 'population', 'none'"));
  EXPECT_THAT(ErrorOfSet("reward.weights.format=x"), HasSubstr("expected a number"));
  EXPECT_THAT(ErrorOfSet("grpo.lr"), HasSubstr("--set grpo.lr: expected section.key=value"));
  EXPECT_THAT(ErrorOfSet("=1"), HasSubstr("expected section.key=value"));
  EXPECT_THAT(ErrorOfSet("run.name=\"open"), HasSubstr("not valid TOML"));
  EXPECT_THAT(ErrorOfSet("run.name=\xff"), HasSubstr("not valid UTF-8"));
}

TEST_F(ConfigFile, WhatWriteConfigWritesReadsBackTheSame) {
  Config config;
  config.name = "quote \" backslash \\ newline \n tab \t bell \x07 del \x7f \u00e9 # not a comment";
  config.group_size = 4096;
  config.threads = std::numeric_limits<int>::min();
  config.seed = std::numeric_limits<int64_t>::min();
  config.shuffle = true;
  config.temperatures = {"", "a, b", "]"};
  config.weights = {{"z", 1e300}, {"a.b", 0.1}, {"c d", -0.0}, {"\"", 3}};
  config.engine.max_sequences = std::numeric_limits<int64_t>::max();
  for (const double number : {0.1, 2e-4, 5e-324, 1.7976931348623157e308, 1.0, 1e22, 1e-8,
                              0.30000000000000004, 9007199254740993.0, 123456789.125}) {
    config.lr = number;
    config.clip_high = -number;
    const std::string text = WriteConfig([&](Fields& f) { Describe(f, config); });
    EXPECT_EQ(Read(text), config) << text;
  }
}

TEST_F(ConfigFile, NegativeZeroSurvives) {
  Config config;
  config.clip_high = -0.0;
  const std::string text = WriteConfig([&](Fields& f) { Describe(f, config); });
  EXPECT_TRUE(std::signbit(Read(text).clip_high));
}

TEST(WriteConfigText, IsADocumentForPeople) {
  Config config;
  EXPECT_EQ(WriteConfig([&](Fields& f) { Describe(f, config); }), R"(seed = 1  # seed of everything

# the run
[run]
name = "test"  # name of the run folder

# training
[grpo]
group_size = 16   # completions sampled per prompt
threads = 0       # learner threads
lr = 0.0002       # peak learning rate
clip_high = 0.2   # upper clip
shuffle = false   # shuffle the batch
std = "unbiased"  # which deviation

# decoding
[grpo.engine]
max_sequences = 256  # decoded together

# evaluation
[eval]
temperatures = ["1", "0.6"]  # sampled at

# rewards
[reward]
weights = {accuracy = 1.0, format = 0.1}  # share of each part
)");
}

TEST(ConfigHelpText, ShowsEveryKeyWithDefaultMeaningAndRule) {
  Config config;
  const std::string help = ConfigHelp([&](Fields& f) { Describe(f, config); });
  EXPECT_THAT(help,
              HasSubstr("[grpo] training\n"
                        "  grpo.group_size = 16    completions sampled per prompt (2 to 4096)\n"
                        "  grpo.threads = 0        learner threads\n"
                        "  grpo.lr = 0.0002        peak learning rate (at least 0)\n"
                        "  grpo.clip_high = 0.2    upper clip (at most 1)\n"));
  EXPECT_THAT(help, HasSubstr("which deviation (unbiased, population, none)\n"));
  EXPECT_THAT(help, HasSubstr("  seed = 1   seed of everything\n"));
}

TEST(ConfigHelpText, WrapsLongMeaningsUnderTheirStart) {
  int64_t value = 1;
  const std::string meaning = "aaaa " + std::string(50, 'b') + " " + std::string(60, 'c') + " dddd";
  const std::string help = ConfigHelp([&](Fields& f) { f.Key("x", value, meaning); });
  EXPECT_EQ(help, "  x = 1   aaaa " + std::string(50, 'b') + "\n          " + std::string(60, 'c') +
                      " dddd\n");
}

TEST(NearestName, FindsTyposAndNothingElse) {
  const std::vector<std::string> names = {"lr", "clip_high", "clip_low", "group_size"};
  EXPECT_EQ(NearestName("clip_hihg", names), "clip_high");
  EXPECT_EQ(NearestName("lrr", names), "lr");
  EXPECT_EQ(NearestName("groupsize", names), "group_size");
  EXPECT_EQ(NearestName("clip_lo", names), "clip_low");
  EXPECT_EQ(NearestName("temperature", names), std::nullopt);
  EXPECT_EQ(NearestName("", names), std::nullopt);
  EXPECT_EQ(NearestName("lr", {}), std::nullopt);
}

}  // namespace
}  // namespace r1zero
