// Bad input at the doors of the real programs: a sentence, a status, and nothing lost or half made.
#include <gmock/gmock.h>
#include <signal.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "common/file.h"
#include "policy/hf_folder.h"
#include "policy/word_tokenizer.h"
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
  // By the ring and in one process: status 2, one sentence with `expected`, and nothing left behind.
  void ExpectRefused(const std::string& set, const std::string& expected) const {
    for (std::vector<std::string> more : {std::vector<std::string>{}, {"--in-process"}}) {
      const Ended ended = Run(Verb("train", {"pretrain.tokens=0", set}, more));
      EXPECT_EQ(ended.status, 2) << set << '\n' << ended.output;
      EXPECT_THAT(ended.output, HasSubstr(expected));
      EXPECT_EQ(std::ranges::count(ended.output, '\n'), 1) << ended.output;
      EXPECT_FALSE(fs::exists(root_ / "run")) << set;
      EXPECT_THAT(ProcessesWith("run.out=" + root_.string()), IsEmpty()) << set;
    }
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

TEST_F(Doors, SamplingThatCannotBeIsRefusedByKeyNumberAndRange) {
  const std::vector<std::pair<std::string, std::string>> refusals = {
      {"kv_blocks=1",
       "rollout.kv_blocks is 1, but one completion of rollout.max_total_tokens 128 needs 8"},
      {"kv_blocks=-1", "'rollout.kv_blocks' is -1, expected 0 to 16777216"},
      {"max_total_tokens=5", "tokens, but rollout.max_total_tokens is 5"},
      {"max_total_tokens=257", "rollout.max_total_tokens is 257, but the policy's max_positions"},
      {"temperature=0", "'rollout.temperature' is 0, expected 0.01 to 100"},
      {"temperature=-1", "'rollout.temperature' is -1, expected 0.01 to 100"},
      {"temperature=nan", "is nan, expected a finite number, 0.01 to 100"},
      {"top_p=0", "'rollout.top_p' is 0, expected 1e-06 to 1"},
      {"top_p=1.5", "'rollout.top_p' is 1.5, expected 1e-06 to 1"},
      {"top_p=nan", "'rollout.top_p' is nan, expected a finite number, 1e-06 to 1"},
      {"min_p=2", "'rollout.min_p' is 2, expected 0 to 0.999"},
      {"top_k=-1", "'rollout.top_k' is -1, expected 0 to 16777216"},
      {"top_k=1.5", "'rollout.top_k' is 1.5, expected a whole number, 0 to 16777216"},
      {"repetition_penalty=0", "'rollout.repetition_penalty' is 0, expected 0.01 to 100"}};
  for (const auto& [set, expected] : refusals) ExpectRefused("rollout." + set, expected);
}

// Overwrites the last weight.
void PutLastFloat(const fs::path& file_path, float value) {
  std::fstream file(file_path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-static_cast<int>(sizeof(value)), std::ios::end);
  file.write(reinterpret_cast<const char*>(&value), sizeof(value));
}

TEST_F(Doors, WeightsThatAreNotNumbersOrOfAnotherShapeAreRefusedByTensor) {
  ModelConfig model{.vocab_size = 4,
                    .hidden_size = 8,
                    .num_layers = 1,
                    .num_heads = 2,
                    .num_kv_heads = 1,
                    .head_width = 4,
                    .intermediate_size = 8,
                    .max_positions = 128};
  const WordTokenizer tokenizer({"<pad>", "<eos>", "a", "b"}, 0, 1);
  const fs::path nan = root_ / "nan", shape = root_ / "shape";
  for (const fs::path& folder : {nan, shape})
    SaveHfFolder(folder, InitWeights(model, 1), tokenizer);
  PutLastFloat(nan / "model.safetensors", std::nanf(""));
  model.hidden_size = 16;
  SaveHfFolder(root_ / "wide", InitWeights(model, 1), tokenizer);
  fs::copy_file(root_ / "wide" / "config.json", shape / "config.json",
                fs::copy_options::overwrite_existing);
  ExpectRefused("policy.path=" + nan.string(), "holds nan at element ");
  ExpectRefused("policy.path=" + shape.string(), "has shape [4, 8], expected [4, 16]");
  ExpectRefused("policy.path=" + (root_ / "none").string(), "policy.path is '");
}

TEST_F(Doors, ADryRunChecksAndWritesNothing) {
  for (const std::string verb : {"train", "learner", "pretrain"}) {
    const Ended good = Run(Verb(verb, {}, {"--dry-run"}));
    EXPECT_EQ(good.status, 0) << good.output;
    EXPECT_THAT(good.output, HasSubstr("held_out = 4"));
    EXPECT_EQ(good.output.find("memory at the peak of each: ") != std::string::npos,
              verb == "train");
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

TEST_F(Doors, ADamagedCheckpointIsNamedAndTheOneBeforeTaken) {
  const std::vector<std::string> sets = {"checkpoint.every=2"};
  ASSERT_EQ(Run(Train(sets)).status, 0);
  fs::resize_file(root_ / "run" / "checkpoints" / "step-000004" / "model.safetensors", 100);
  const Ended resumed = Run(Train(sets, {"--resume"}));
  EXPECT_EQ(resumed.status, 0);
  EXPECT_THAT(resumed.output, HasSubstr("step-000004 is damaged and left out"));
  EXPECT_THAT(resumed.output, HasSubstr("resumed at step 2"));
}

TEST_F(Doors, ALibraryThatIsMissingCutOffOrForeignIsRefusedBeforeAnythingIsWritten) {
  const fs::path programs = root_ / "programs", library = programs / "libr1zero-torch.so";
  fs::create_directories(programs);
  for (const char* name : {"r1zero", "r1zero-learner"})
    fs::copy(fs::path(R1ZERO_BINARY_DIR) / name, programs / name);
  const auto expect_refused = [&](const std::string& why) {
    const Ended ended = RunProcess(Train({}), root_ / "output.txt", programs).Wait();
    EXPECT_EQ(ended.status, 2) << ended.output;
    EXPECT_THAT(ended.output, HasSubstr("libr1zero-torch.so: " + why));
    EXPECT_THAT(ended.output, HasSubstr("build all targets"));
    EXPECT_FALSE(fs::exists(root_ / "run"));
  };
  expect_refused("No such file");
  fs::copy(fs::path(R1ZERO_BINARY_DIR) / "libr1zero-torch.so", library);
  fs::resize_file(library, fs::file_size(library) / 2);
  expect_refused("has ");
  std::ofstream(library) << "text";
  expect_refused("is no library");
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
