// Bad input at the doors of the real programs: a sentence, a status, and nothing lost or half made.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>

#include "common/file.h"
#include "tests/ring/run_process.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class Doors : public testing::Test {
 protected:
  Doors() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~Doors() override { fs::remove_all(root_); }

  // A tiny run, in one process.
  std::vector<std::string> Verb(const std::string& verb, std::vector<std::string> sets,
                                std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {verb};
    for (const std::string& set :
         {"run.out=" + root_.string(), "pretrain.cache=" + (root_ / "cache").string(),
          std::string("run.name=run"), std::string("policy.hidden_size=32"),
          std::string("grpo.steps=4"), std::string("grpo.prompts_per_step=4"),
          std::string("grpo.group_size=4"), std::string("eval.samples=1"),
          std::string("eval.every=0"), std::string("task.held_out=4")})
      arguments.insert(arguments.end(), {"--set", set});
    for (const std::string& set : sets) arguments.insert(arguments.end(), {"--set", set});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  std::vector<std::string> Train(std::vector<std::string> sets,
                                 std::vector<std::string> more = {}) const {
    sets.insert(sets.begin(), "pretrain.tokens=0");
    more.push_back("--in-process");
    return Verb("train", std::move(sets), std::move(more));
  }
  Ended Run(const std::vector<std::string>& arguments) const {
    return RunProcess(arguments, root_ / "output.txt").Wait();
  }
  std::vector<std::string> Runs() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_))
      if (entry.is_directory()) names.push_back(entry.path().filename().string());
    return names;
  }

  const fs::path root_ =
      fs::path(testing::TempDir()) / ("r1zero-doors-" + std::to_string(getpid()));
};

TEST_F(Doors, WhatIsWrongWithARunIsFoundBeforeAnythingIsWritten) {
  for (const std::string bad :
       {"reward.weights.acc=1", "policy.num_kv_heads=3", "task.held_out=3223", "task.name=jsonl",
        "eval.temperatures=x", "run.device=cuda"}) {
    const Ended ended = Run(Train({bad}));
    if (bad == "run.device=cuda" && ended.status == 0) continue;  // this machine has one
    EXPECT_EQ(ended.status, 2) << bad << '\n' << ended.output;
    EXPECT_THAT(Runs(), IsEmpty()) << bad;
  }
  EXPECT_EQ(Run(Verb("learner", {}, {"--listen", "nonsense"})).status, 2);
  EXPECT_THAT(Runs(), IsEmpty());
}

TEST_F(Doors, ADryRunChecksAndWritesNothing) {
  for (const std::string verb : {"train", "learner", "pretrain"}) {
    const Ended good = Run(Verb(verb, {}, {"--dry-run"}));
    EXPECT_EQ(good.status, 0) << good.output;
    EXPECT_THAT(good.output, HasSubstr("held_out = 4"));
    EXPECT_EQ(Run(Verb(verb, {"policy.num_kv_heads=3"}, {"--dry-run"})).status, 2) << verb;
  }
  EXPECT_THAT(Runs(), IsEmpty());
}

TEST_F(Doors, ARefusedResumeLeavesTheRunAsItWas) {
  ASSERT_EQ(Run(Train({})).status, 0);
  const std::string config = ReadFile(root_ / "run" / "config.toml");
  const Ended refused = Run(Train({"grpo.lr=0.02"}, {"--resume"}));
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.output, HasSubstr("another configuration"));
  EXPECT_EQ(ReadFile(root_ / "run" / "config.toml"), config);
}

TEST_F(Doors, AnAcceptedChangeCanBeResumedAgain) {
  ASSERT_EQ(Run(Train({})).status, 0);
  const std::vector<std::string> changed = {"grpo.lr=0.002", "grpo.steps=6"};
  ASSERT_EQ(Run(Train(changed, {"--resume", "--accept-config-change"})).status, 0);
  const Ended again = Run(Train(changed, {"--resume"}));
  EXPECT_EQ(again.status, 0) << again.output;
  EXPECT_THAT(again.output, HasSubstr("resumed at step 6"));
  EXPECT_EQ(Run(Train({}, {"--accept-config-change"})).status, 2);  // wants --resume
}

TEST_F(Doors, DamagedCheckpointsAreNotPassedOverInSilence) {
  ASSERT_EQ(Run(Train({})).status, 0);
  for (const auto& step : fs::directory_iterator(root_ / "run" / "checkpoints"))
    if (step.is_directory()) fs::resize_file(step.path() / "model.safetensors", 100);
  const Ended resumed = Run(Train({}, {"--resume"}));
  EXPECT_EQ(resumed.status, 1);
  EXPECT_THAT(resumed.output, HasSubstr("none of these checkpoints is whole"));
}

TEST_F(Doors, CtrlCWhilePretrainingIsAnInterruption) {
  RunProcess run(Verb("train", {}, {"--in-process"}), root_ / "output.txt");
  ASSERT_TRUE(Within(60, [&] {
    const fs::path output = root_ / "output.txt";
    return fs::exists(output) && ReadFile(output).find("pretraining") != std::string::npos;
  }));
  run.Signal(SIGINT);
  const Ended ended = run.Wait();
  EXPECT_EQ(ended.status, 130) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("pretraining: interrupted at"));
}

TEST_F(Doors, ACachedBaseThatWasChangedIsRefused) {
  const auto arguments = Verb("pretrain", {"pretrain.tokens=2000", "pretrain.extra_tokens=0"});
  Run(arguments);  // too short to be ready; the cache keeps it all the same
  for (const auto& base : fs::directory_iterator(root_ / "cache")) {
    std::fstream file(base.path() / "model.safetensors", std::ios::in | std::ios::out);
    file.seekp(-4, std::ios::end);
    file.write("\1\2\3\4", 4);
  }
  const Ended ended = Run(arguments);
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("the weights have the SHA-256"));
  EXPECT_THAT(ended.output, HasSubstr("to pretrain again"));
}

}  // namespace
}  // namespace r1zero
