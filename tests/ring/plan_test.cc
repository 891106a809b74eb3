// What r1zero plan says beforehand against what the processes of the same run take: VmHWM, which the
// kernel keeps. These are whole runs of real processes, which take longer than other tests may.
#include <gmock/gmock.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/ring/run_process.h"

namespace r1zero {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// Of the larger processes. One of 20 MiB is mostly pages of libraries: how many of them count as its own
// depends on what the kernel happens to read around a fault.
constexpr double kTolerance = 0.10, kPageTolerance = 4 << 20;

// Where the kernel makes every large mapping of huge pages without being asked, the heap ends in one.
bool HugePagesEverywhere() {
  std::ifstream file("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string settings;
  return std::getline(file, settings) && settings.find("[always]") != std::string::npos;
}

class Plan : public testing::Test {
 protected:
  Plan() { fs::create_directories(root_); }
  ~Plan() override { fs::remove_all(root_); }

  std::vector<std::string> Arguments(const std::string& verb,
                                     const std::vector<std::string>& overrides) const {
    std::vector<std::string> arguments = {verb};
    for (const std::string& set : overrides) arguments.insert(arguments.end(), {"--set", set});
    arguments.insert(arguments.end(), {"--set", "run.out=" + root_.string()});
    return arguments;
  }

  // Highest VmHWM by kind of process, bytes.
  using Peaks = std::map<std::string, double>;

  void Note(pid_t pid, const std::string& kind, Peaks& peaks) const {
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string name; status >> name;) {
      double kilobytes = 0;
      if (name == "VmHWM:" && status >> kilobytes)
        peaks[kind] = std::max(peaks[kind], kilobytes * 1024);
    }
  }

  // Of a run to its end.
  Peaks Measured(std::vector<std::string> arguments, bool in_process) const {
    Peaks peaks;
    if (in_process) arguments.push_back("--in-process");
    RunProcess run(arguments, root_ / "output");
    while (!Ended(run.pid())) {
      if (in_process) {
        Note(run.pid(), "learner", peaks);
      } else {
        Note(run.pid(), "train", peaks);
        for (const pid_t pid : run.Children("r1zero-learner")) Note(pid, "learner", peaks);
        for (const pid_t pid : run.Children("--name")) Note(pid, "worker", peaks);
        for (const pid_t pid : run.Children("reward --listen")) Note(pid, "reward", peaks);
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    const r1zero::Ended ended = run.Wait();
    EXPECT_EQ(ended.status, 0) << ended.output;
    return peaks;
  }
  static bool Ended(pid_t pid) {
    std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
    std::string number, name, state;
    return !(stat >> number >> name >> state) || state == "Z";
  }

  nlohmann::json Planned(std::vector<std::string> arguments, bool in_process) const {
    arguments.push_back("--json");
    if (in_process) arguments.push_back("--in-process");
    const r1zero::Ended ended = RunProcess(arguments, root_ / "plan").Wait();
    EXPECT_EQ(ended.status, 0) << ended.output;
    return nlohmann::json::parse(ended.output);
  }

  void Compare(const std::vector<std::string>& overrides, bool in_process = false) const {
    const auto plan = Planned(Arguments("plan", overrides), in_process);
    const Peaks measured = Measured(Arguments("train", overrides), in_process);
    for (const char* kind : {"train", "learner", "worker", "reward"}) {
      if (!measured.contains(kind)) continue;
      const double planned = plan["memory"]["processes"][kind]["peak_bytes"];
      const double ratio = planned / measured.at(kind);
      std::printf("%-8s planned %7.1f MiB, measured %7.1f MiB, ratio %.3f\n", kind,
                  planned / (1 << 20), measured.at(kind) / (1 << 20), ratio);
      const double tolerance = (HugePagesEverywhere() ? 1.5 : 1) * kTolerance;
      EXPECT_NEAR(planned, measured.at(kind),
                  std::max(tolerance * measured.at(kind), kPageTolerance))
          << kind << ", ratio " << ratio;
    }
    EXPECT_TRUE(measured.contains("learner"));
  }

  const fs::path root_ = fs::temp_directory_path() / ("r1zero-plan-" + std::to_string(getpid()));
};

// A few steps of runs that are long enough for full micro-batches, and for every phase to come.
std::vector<std::string> Short(std::vector<std::string> more) {
  std::vector<std::string> overrides = {"pretrain.tokens=0",
                                        "grpo.steps=3",
                                        "eval.samples=1",
                                        "eval.every=2",
                                        "task.held_out=20",
                                        "checkpoint.every=2",
                                        "rollout.workers=2",
                                        "grpo.threads=2",
                                        "grpo.prompts_per_step=8",
                                        "grpo.group_size=8",
                                        "grpo.micro_batch_tokens=2048"};
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

std::vector<std::string> T5(std::vector<std::string> more) {
  std::vector<std::string> overrides =
      Short({"policy.hidden_size=256", "policy.num_layers=6", "policy.num_heads=4",
             "policy.num_kv_heads=4", "policy.head_width=64", "policy.intermediate_size=768",
             "grpo.prompts_per_step=4", "rollout.max_sequences=64"});
  overrides.insert(overrides.end(), more.begin(), more.end());
  return overrides;
}

TEST_F(Plan, SignsTakesWhatWasPlanned) {
  Compare(
      Short({"grpo.prompts_per_step=16", "grpo.group_size=16", "grpo.micro_batch_tokens=8192"}));
}

// Without a reference, groups whose rewards are all the same take less: a coin makes them differ.
const std::vector<std::string> kNoReference = {"grpo.kl_coef=0",
                                               "reward.weights={accuracy=0,random=1}"};

TEST_F(Plan, ALargerPolicyWithoutAReferenceTakesWhatWasPlanned) { Compare(T5(kNoReference)); }

TEST_F(Plan, ALargerPolicyWithAReferenceTakesWhatWasPlanned) {
  Compare(T5({"grpo.kl_coef=0.01", "policy.tie_embeddings=false"}));
}

TEST_F(Plan, OneProcessTakesWhatWasPlanned) { Compare(T5(kNoReference), true); }

// Two runs: the first one's checkpoint is the policy of the second.
TEST_F(Plan, ALoadedPolicyTakesWhatWasPlanned) {
  Measured(Arguments("train", T5({"grpo.steps=1", "run.name=first"})), false);
  std::vector<std::string> loaded = Short(kNoReference);
  loaded.push_back("policy.path=" + (root_ / "first/checkpoints/step-000001").string());
  Compare(loaded);
}

TEST_F(Plan, ARunThatDoesNotFitIsRefusedWithTheNumbers) {
  auto arguments = Arguments("plan", Short({}));
  arguments.insert(arguments.end(), {"--memory", "0.1"});
  const r1zero::Ended ended = RunProcess(arguments, root_ / "plan").Wait();
  EXPECT_EQ(ended.status, 1) << ended.output;
  EXPECT_THAT(ended.output, AllOf(HasSubstr("r1zero plan: the run would take "),
                                  HasSubstr("there are 0.10 GiB"), HasSubstr("worker x 2 ")));
  EXPECT_THAT(ended.output, Not(HasSubstr("time, if completions have")))
      << "it was measured all the same";
}

TEST_F(Plan, TrainRefusesWhatCannotFitBeforeItBegins) {
  const r1zero::Ended ended =
      RunProcess(Arguments("train", Short({"rollout.kv_blocks=16777216"})), root_ / "output")
          .Wait();
  EXPECT_EQ(ended.status, 2) << ended.output;
  EXPECT_THAT(ended.output, HasSubstr("it would fit with rollout.kv_blocks="));
  EXPECT_FALSE(fs::exists(root_ / "signs"));
}

TEST_F(Plan, WrongFlagsAreRefused) {
  for (const std::vector<std::string>& flags : {std::vector<std::string>{"--memory", "0"},
                                                {"--memory", "-1"},
                                                {"--memory", "x"},
                                                {"--cores", "0"},
                                                {"--set", "run.device=cuda"}}) {
    auto arguments = Arguments("plan", {});
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    const r1zero::Ended ended = RunProcess(arguments, root_ / "plan").Wait();
    EXPECT_EQ(ended.status, 2) << flags[1] << ": " << ended.output;
  }
}

}  // namespace
}  // namespace r1zero
