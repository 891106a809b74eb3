// r1zero logits from its command line to its exit status, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "common/file.h"
#include "grpo/json_file.h"
#include "services/verbs.h"
#include "tests/services/eval_model.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

class LogitsVerb : public testing::Test {
 protected:
  LogitsVerb() { SaveEvalModel(folder_ / "model"); }
  Ran Logits(std::vector<std::string> more) const {
    more.insert(more.end(), {"--model", (folder_ / "model").string()});
    return RunVerb(LogitsMain, more);
  }
  void IsBadUsage(const std::vector<std::string>& flags, const std::string& reason) const {
    const Ran ran = Logits(flags);
    EXPECT_EQ(ran.status, 2) << reason;
    EXPECT_THAT(ran.err, HasSubstr(reason));
    EXPECT_EQ(ran.out, "");
  }
  const TestFolder folder_;
};

TEST_F(LogitsVerb, PrintsWhatFollowsTheLastId) {
  const Ran ran = Logits({"--ids", "1, 2 3", "--last", "--top", "2", "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const Json line = Json::parse(ran.out);
  EXPECT_EQ(line.at("position"), 2);
  EXPECT_EQ(line.at("id"), 3);
  EXPECT_GE(line.at("top")[0].at("logit"), line.at("top")[1].at("logit"));
}

TEST_F(LogitsVerb, WhatCannotBeReadIsBadUsage) {
  IsBadUsage({"--ids", ""}, "no token ids");
  for (const char* gap : {"1,2,,3", ",1", "1, ,2", ","})
    IsBadUsage({"--ids", gap}, "a comma without an id before it");
  IsBadUsage({"--ids", "1,2,"}, "a comma without an id after it");
  IsBadUsage({"--ids", "1 x"}, "'x' is not a token id");
  IsBadUsage({"--ids", "1 99999999999"}, "'99999999999' is not a token id");
  IsBadUsage({"--ids", "1 -2"}, "-2 is no token of the model");
  IsBadUsage({"--ids", "1 1000000"}, "1000000 is no token of the model, whose are 0 to ");
  IsBadUsage({"--ids", "1", "--greedy", "9223372036854775807"}, "the model has 48 positions");
  EXPECT_EQ(RunVerb(LogitsMain, {"--model", "none", "--ids", "1"}).status, 2);
}

// transformers writes "eos_token_id": null for families that have no default.
TEST_F(LogitsVerb, NeedsNoEndTokenWhichSamplingNeeds) {
  const std::string expected = Logits({"--ids", "1 2 3", "--json"}).out;
  const std::filesystem::path config = folder_ / "model" / "config.json";
  Json json = Json::parse(ReadFile(config));
  json["eos_token_id"] = nullptr;
  WriteText(config, json.dump());
  std::filesystem::remove(folder_ / "model" / "generation_config.json");
  EXPECT_EQ(Logits({"--ids", "1 2 3", "--json"}).out, expected);
  const Ran sample =
      RunVerb(SampleMain, {"--model", (folder_ / "model").string(), "--prompt", "1"});
  EXPECT_EQ(sample.status, 2);
  EXPECT_THAT(sample.err, HasSubstr("config.json: eos_token_id is missing, and generation_config"));
}

TEST_F(LogitsVerb, APipeOrALoopWhereAFileShouldBeIsRefused) {
  const std::filesystem::path model = folder_ / "model";
  for (const char* name : {"model.safetensors", "config.json", "generation_config.json"}) {
    std::filesystem::rename(model / name, folder_ / name);
    ASSERT_EQ(mkfifo((model / name).c_str(), 0600), 0);
    IsBadUsage({"--ids", "1"}, (model / name).string() + ": not a regular file");
    std::filesystem::remove(model / name);
    std::filesystem::create_symlink(model / name, model / name);
    IsBadUsage({"--ids", "1"}, (model / name).string() + ": Too many levels of symbolic links");
    std::filesystem::remove(model / name);
    std::filesystem::rename(folder_ / name, model / name);
  }
  EXPECT_EQ(Logits({"--ids", "1"}).status, 0);
}

TEST_F(LogitsVerb, NoByteOfAFileOrAFlagSteersTheTerminal) {
  const Ran ran = RunVerb(LogitsMain, {"--model", "no\x1b[2Jne", "--ids", "1"});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("no\\x1b[2Jne/config.json is missing"));
}

TEST_F(LogitsVerb, OutputThatCannotBeWrittenIsAFailure) {
  std::vector<std::string> arguments = {"logits", "--model", (folder_ / "model").string(), "--ids",
                                        "1"};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  const pid_t child = fork();
  if (child == 0) {
    if (!std::freopen("/dev/full", "w", stdout)) _exit(99);
    _exit(LogitsMain(static_cast<int>(argv.size()), argv.data()));
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
}

TEST_F(LogitsVerb, FillsEveryPositionOfTheModelAndNoMore) {
  std::string ids;
  for (int i = 0; i < kTestContext; ++i) ids += "1 ";
  EXPECT_EQ(Logits({"--ids", ids, "--greedy", "1"}).status, 0);
  IsBadUsage({"--ids", ids + "1"}, "49 tokens");
}

TEST_F(LogitsVerb, LogitsThatAreNoNumbersAreAnErrorAndNotPrinted) {
  HfFolder model = LoadHfFolder(folder_ / "model");
  for (float& w : model.weights->flat) w *= 1e15f;
  SaveHfFolder(folder_ / "model", *model.weights, *model.tokenizer);
  for (const char* form : {"--json", "--last"}) {
    const Ran ran = Logits({"--ids", "1 2 3", form});
    EXPECT_EQ(ran.status, 1);
    EXPECT_THAT(ran.err, HasSubstr("is not finite"));
    EXPECT_EQ(ran.out, "");
  }
}

}  // namespace
}  // namespace r1zero
