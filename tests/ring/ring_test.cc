// The whole ring with real processes: what a user's commands end in.
//
// The runs are tiny: a policy that was never pretrained, rewarded at random, so that every step moves
// the weights and a wrong or lost group would show in their hash.
#include <gmock/gmock.h>
#include <signal.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "kernels/simd.h"
#include "tests/ring/run_process.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

class Ring : public testing::Test {
 protected:
  Ring() {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~Ring() override { fs::remove_all(root_); }

  std::vector<std::string> Train(const std::string& name,
                                 std::vector<std::string> more = {}) const {
    std::vector<std::string> arguments = {"train"};
    for (const std::string& set : {"run.out=" + root_.string(),
                                   "run.name=" + name,
                                   std::string("pretrain.tokens=0"),
                                   std::string("policy.hidden_size=32"),
                                   std::string("policy.num_layers=2"),
                                   std::string("policy.num_heads=2"),
                                   std::string("policy.num_kv_heads=1"),
                                   std::string("policy.head_width=16"),
                                   std::string("policy.intermediate_size=48"),
                                   std::string("rollout.max_total_tokens=48"),
                                   std::string("rollout.lease_seconds=1"),
                                   std::string("reward.weights={accuracy=0,random=1}"),
                                   std::string("grpo.steps=12"),
                                   std::string("grpo.prompts_per_step=6"),
                                   std::string("grpo.group_size=4"),
                                   std::string("grpo.lr=0.01"),
                                   std::string("eval.samples=1"),
                                   std::string("eval.every=0"),
                                   std::string("task.held_out=4"),
                                   std::string("checkpoint.every=3")}) {
      arguments.push_back("--set");
      arguments.push_back(set);
    }
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  Ended Run(const std::vector<std::string>& arguments) const {
    return RunProcess(arguments, root_ / "output").Wait();
  }

  nlohmann::json Summary(const std::string& name) const {
    std::ifstream file(root_ / name / "summary.json");
    return file ? nlohmann::json::parse(file) : nlohmann::json::object();
  }
  std::string Hash(const std::string& name) const {
    return Summary(name).value("weight_sha256", "no summary");
  }

  int64_t StepsDone(const std::string& name) const {
    std::ifstream file(root_ / name / "metrics.jsonl");
    int64_t steps = 0;
    for (std::string line; std::getline(file, line);)
      steps += line.find("\"timing_s/step\"") != std::string::npos;
    return steps;
  }
  std::vector<pid_t> Processes() const {
    std::vector<pid_t> all = ProcessesWith("run.out=" + root_.string());
    return all;
  }

  // The hash of the undisturbed run with one worker.
  std::string Undisturbed() const {
    const Ended ended = Run(Train("undisturbed", {"--set", "rollout.workers=1"}));
    EXPECT_EQ(ended.status, 0) << ended.output;
    return Hash("undisturbed");
  }

  fs::path root_ = fs::temp_directory_path() / ("r1zero-ring-" + std::to_string(getpid()));
};

TEST_F(Ring, WorkersAndThreadsEndInTheSameWeights) {
  const std::string expected = Undisturbed();
  EXPECT_NE(expected, Summary("undisturbed").at("base_sha256"));
  for (const std::string workers : {"2", "4"}) {
    const Ended ended = Run(Train("w" + workers, {"--set", "rollout.workers=" + workers}));
    EXPECT_EQ(ended.status, 0) << ended.output;
    EXPECT_EQ(Hash("w" + workers), expected);
  }
  const Ended in_process = Run(Train("threads", {"--in-process"}));
  EXPECT_EQ(in_process.status, 0) << in_process.output;
  EXPECT_EQ(Hash("threads"), expected);
}

TEST_F(Ring, TruncatedRolloutsTrainOnTheProbabilitiesTheyWereSampledWith) {
  std::vector<std::string> truncated{"--set", "grpo.steps=4",
                                     "--set", "rollout.top_p=0.9",
                                     "--set", "rollout.repetition_penalty=1.1"};
  for (const std::string name : {"processes", "threads"}) {
    if (name == "threads") truncated.push_back("--in-process");
    const Ended ended = Run(Train(name, truncated));
    ASSERT_EQ(ended.status, 0) << ended.output;
    std::ifstream file(root_ / name / "metrics.jsonl");
    int steps = 0;
    for (std::string line; std::getline(file, line);) {
      const auto json = nlohmann::json::parse(line);
      if (!json.contains("training/rollout_probs_diff_max")) continue;
      EXPECT_EQ(json["training/rollout_probs_diff_max"], 0);
      ++steps;
    }
    EXPECT_EQ(steps, 4);
  }
  EXPECT_EQ(Hash("processes"), Hash("threads"));
}

TEST_F(Ring, WhatASmallKvBudgetCostsReachesTheMetricsFromProcessesAndThreads) {
  const auto sums = [&](const std::string& name) {
    double preemptions = 0, prefilled = 0;
    std::ifstream file(root_ / name / "metrics.jsonl");
    for (std::string line; std::getline(file, line);) {
      const auto json = nlohmann::json::parse(line);
      preemptions += json.value("rollout/preemptions", 0.0);
      prefilled += json.value("rollout/prefilled_tokens", 0.0);
    }
    return std::pair(preemptions, prefilled);
  };
  std::vector<std::string> hashes;
  for (const std::string ring : {"processes", "threads"}) {
    std::vector<std::string> small{"--set", "grpo.steps=3", "--set", "rollout.workers=1"};
    if (ring == "threads") small.push_back("--in-process");
    ASSERT_EQ(Run(Train(ring + "-roomy", small)).status, 0);
    small.insert(small.end(), {"--set", "rollout.kv_blocks=4"});
    ASSERT_EQ(Run(Train(ring, small)).status, 0);
    const auto [none, prompts] = sums(ring + "-roomy");
    const auto [preemptions, prefilled] = sums(ring);
    EXPECT_EQ(none, 0);
    EXPECT_GT(prompts, 3 * 6);
    EXPECT_GT(preemptions, 0);
    EXPECT_GT(prefilled, prompts);
    hashes.insert(hashes.end(), {Hash(ring), Hash(ring + "-roomy")});
  }
  EXPECT_THAT(hashes, testing::Each(hashes[0]));
}

TEST_F(Ring, MicroBatchesAndLearnerThreadsDoNotChangeAWeight) {
  const std::string expected = Undisturbed();
  for (const std::string set :
       {"grpo.micro_batch_tokens=1", "grpo.micro_batch_tokens=64", "grpo.micro_batch_tokens=512",
        "grpo.micro_batch_tokens=65536", "grpo.threads=1", "grpo.threads=3",
        "grpo.check_old_logprobs=true"}) {
    ASSERT_EQ(Run(Train("other", {"--in-process", "--set", set})).status, 0);
    EXPECT_EQ(Hash("other"), expected) << set;
  }
}

TEST_F(Ring, AnotherInstructionSetDoesNotChangeAWeightAndOneThatIsNotThereIsRefused) {
  kernels::RequireSimd();
  const std::string expected = Undisturbed();
  if (kernels::SimdName() == "NEON") GTEST_SKIP() << "this machine has one instruction set only";
  setenv("R1ZERO_SIMD", "AVX2", /*overwrite=*/1);
  const Ended avx2 = Run(Train("avx2", {}));
  setenv("R1ZERO_SIMD", "SSE4", /*overwrite=*/1);
  const Ended sse4 = Run(Train("sse4", {}));
  unsetenv("R1ZERO_SIMD");
  EXPECT_EQ(avx2.status, 0) << avx2.output;
  EXPECT_EQ(Hash("avx2"), expected);
  EXPECT_EQ(Summary("avx2").at("simd"), "AVX2");
  EXPECT_EQ(Summary("undisturbed").at("simd"), kernels::SimdName());
  EXPECT_NE(sse4.status, 0);
  EXPECT_THAT(sse4.output, testing::HasSubstr("R1ZERO_SIMD is 'SSE4', expected"));
}

TEST_F(Ring, AWorkerThatIsKilledLosesNothing) {
  const std::string expected = Undisturbed();
  RunProcess run(Train("killed", {"--set", "rollout.workers=2"}), root_ / "killed.txt");
  for (int step : {1, 4}) {
    ASSERT_TRUE(Within(60, [&] { return StepsDone("killed") >= step; }));
    for (pid_t pid : run.Children("--name worker-1")) kill(pid, SIGKILL);
  }
  const Ended ended = run.Wait();
  EXPECT_EQ(ended.status, 0) << ended.output;
  EXPECT_EQ(Hash("killed"), expected);
}

TEST_F(Ring, AWorkerThatIsKilledAgainAndAgainDoesNotEndTheRun) {
  RunProcess run(Train("killed", {"--set", "rollout.workers=2", "--set", "grpo.steps=100000"}),
                 root_ / "killed.txt");
  std::set<pid_t> killed;
  while (killed.size() < 6) {
    std::vector<pid_t> found;
    ASSERT_TRUE(Within(60, [&] {
      found = run.Children("--name worker-1");
      std::erase_if(found, [&](pid_t pid) { return killed.contains(pid); });
      return !found.empty();
    })) << killed.size();
    kill(found.front(), SIGKILL);
    killed.insert(found.front());
  }
  const int64_t before = StepsDone("killed");
  EXPECT_TRUE(Within(60, [&] { return StepsDone("killed") > before + 1; }));
  run.Signal(SIGTERM);
  const Ended ended = run.Wait();
  EXPECT_EQ(ended.status, 130) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("was killed by SIGKILL (5 times in "));
}

TEST_F(Ring, ALearnerThatIsKilledIsNamedAndTheRunResumesToTheSameWeights) {
  const std::string expected = Undisturbed();
  RunProcess run(Train("killed"), root_ / "killed.txt");
  ASSERT_TRUE(Within(60, [&] { return StepsDone("killed") >= 5; }));
  for (pid_t pid : run.Children("r1zero-learner learner")) kill(pid, SIGKILL);
  const Ended ended = run.Wait();
  EXPECT_EQ(ended.status, 128 + SIGKILL) << ended.output;
  EXPECT_THAT(ended.output,
              AllOf(HasSubstr("r1zero train: the learner was killed by SIGKILL; "),
                    HasSubstr("--resume goes on from the last checkpoint"),
                    HasSubstr("logs are in " + (root_ / "killed" / "logs").string())));
  EXPECT_THAT(Processes(), IsEmpty());
  EXPECT_EQ(Run(Train("killed", {"--resume"})).status, 0);
  EXPECT_EQ(Hash("killed"), expected);
}

TEST_F(Ring, AKilledParentLeavesNoProcessAndTheRunResumesToTheSameWeights) {
  const std::string expected = Undisturbed();
  RunProcess run(Train("resumed"), root_ / "first.txt");
  ASSERT_TRUE(Within(60, [&] { return StepsDone("resumed") >= 5; }));
  run.Signal(SIGKILL);
  EXPECT_EQ(run.Wait().status, -SIGKILL);
  EXPECT_TRUE(Within(5, [&] { return Processes().empty(); }));

  const Ended resumed = Run(Train("resumed", {"--resume"}));
  EXPECT_EQ(resumed.status, 0) << resumed.output;
  EXPECT_EQ(Hash("resumed"), expected);
  EXPECT_EQ(StepsDone("resumed"), 12);
}

TEST_F(Ring, CtrlCSavesAndTheRunResumesToTheSameWeights) {
  const std::string expected = Undisturbed();
  RunProcess run(Train("stopped"), root_ / "first.txt");
  ASSERT_TRUE(Within(60, [&] { return StepsDone("stopped") >= 4; }));
  run.Signal(SIGINT);
  const Ended stopped = run.Wait();
  EXPECT_EQ(stopped.status, 130) << stopped.output;
  EXPECT_THAT(stopped.output, HasSubstr("interrupted; r1zero train ... --resume goes on from"));
  EXPECT_THAT(Processes(), IsEmpty());
  EXPECT_FALSE(fs::exists(root_ / "stopped" / "summary.json"));

  EXPECT_EQ(Run(Train("stopped", {"--resume"})).status, 0);
  EXPECT_EQ(Hash("stopped"), expected);
}

TEST_F(Ring, AChangedConfigurationIsNotResumedUnlessToldTo) {
  ASSERT_EQ(Run(Train("changed", {"--in-process"})).status, 0);
  const Ended refused =
      Run(Train("changed", {"--in-process", "--resume", "--set", "grpo.lr=0.02"}));
  EXPECT_NE(refused.status, 0);
  EXPECT_THAT(refused.output, HasSubstr("config"));
  EXPECT_EQ(Run(Train("changed", {"--in-process", "--resume", "--accept-config-change", "--set",
                                  "grpo.lr=0.02"}))
                .status,
            0);
}

TEST_F(Ring, AFrozenPolicyKeepsItsWeights) {
  ASSERT_EQ(Run(Train("frozen", {"--set", "grpo.lr=0"})).status, 0);
  EXPECT_EQ(Hash("frozen"), Summary("frozen").at("base_sha256"));
  // The same run with a learning rate does move them, so what ends equal elsewhere is no standstill.
  const std::string moved = Undisturbed();
  EXPECT_NE(moved, Hash("frozen"));
}

TEST_F(Ring, ATmpdirThatIsNotThereIsOneSentence) {
  const fs::path missing = root_ / "missing";
  setenv("TMPDIR", missing.c_str(), 1);
  const Ended ended = Run(Train("never"));
  unsetenv("TMPDIR");
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.output, "r1zero train: TMPDIR is '" + missing.string() +
                              "', which is not a folder; create it, or unset TMPDIR for /tmp\n");
}

TEST_F(Ring, MistakesAreOneSentenceAndStatusTwo) {
  const Ended typo = Run({"train", "--set", "grpo.lrr=1"});
  EXPECT_EQ(typo.status, 2);
  EXPECT_EQ(typo.output,
            "r1zero train: --set grpo.lrr=1: unknown key 'grpo.lrr'; did you mean 'grpo.lr'?\n");
  const Ended missing = Run({"train", (root_ / "no.toml").string()});
  EXPECT_EQ(missing.status, 2);
  EXPECT_THAT(missing.output, HasSubstr("no.toml"));
  EXPECT_EQ(Run({"trian"}).status, 2);
  EXPECT_EQ(Run({"train", "--resumee"}).status, 2);
  const Ended nothing = Run(Train("never", {"--resume"}));
  EXPECT_NE(nothing.status, 0);
  EXPECT_THAT(nothing.output, HasSubstr("no run to resume"));
  EXPECT_FALSE(fs::exists(root_ / "never" / "config.toml"));
}

TEST_F(Ring, AWorkerWithoutALearnerSaysWhomItWaitedFor) {
  const Ended ended = Run({"worker", "--learner", "unix:" + (root_ / "nobody").string(), "--reward",
                           "unix:" + (root_ / "none").string(), "--patience", "0.5"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_THAT(ended.output, HasSubstr("nobody"));
}

}  // namespace
}  // namespace r1zero
