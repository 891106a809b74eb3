#include "services/run_config.h"

#include <gmock/gmock.h>

#include <fstream>

#include "common/error.h"
#include "common/file.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

RunConfig With(std::vector<std::string> overrides) { return LoadRunConfig("", overrides); }

std::string Refusal(std::vector<std::string> overrides) {
  try {
    With(overrides);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(RunConfig, TheResolvedTomlReadsBackToTheSameValues) {
  const RunConfig config = With({"grpo.lr=3e-5", "run.name=other", "eval.temperatures=1,0.3"});
  const std::string path = testing::TempDir() + "resolved.toml";
  std::ofstream(path) << ToToml(config);
  EXPECT_EQ(ToToml(LoadRunConfig(path, {})), ToToml(config));
}

TEST(RunConfig, RulesThatSpanFieldsNameThem) {
  EXPECT_THAT(Refusal({"grpo.minibatches=3"}),
              HasSubstr("does not divide grpo.prompts_per_step = 16"));
  EXPECT_THAT(Refusal({"run.name=a/b"}), HasSubstr("--set run.name=a/b: run.name is 'a/b'"));
  EXPECT_THAT(Refusal({"policy.path=/nowhere"}), HasSubstr("pretrain.tokens"));
  EXPECT_THAT(Refusal({"run.device=cuda", "rollout.top_p=0.9"}), HasSubstr("rollout.top_k is 0"));
}

TEST(RunConfig, TheTrainingHashIgnoresWhoServesTheRunAndSeesWhatTrainsIt) {
  const std::string base = TrainingSha256(With({}));
  EXPECT_EQ(TrainingSha256(With({"rollout.workers=4", "run.name=x", "grpo.threads=1",
                                 "grpo.micro_batch_tokens=64", "checkpoint.every=1",
                                 "eval.samples=4", "task.held_out=7", "rollout.kv_blocks=9"})),
            base);
  const std::string stop = TrainingSha256(With({"rollout.stop=</answer>"}));
  EXPECT_NE(stop, base);
  EXPECT_NE(TrainingSha256(With({R"(rollout.stop=["a", "b"])"})),
            TrainingSha256(With({R"(rollout.stop=["a, b"])"})));
  EXPECT_NE(TrainingSha256(With({"grpo.lr=1e-5"})), base);
  EXPECT_NE(TrainingSha256(With({"run.seed=2"})), base);
  for (const char* sampling : {"rollout.temperature=0.9", "rollout.top_k=5", "rollout.top_p=0.9",
                               "rollout.min_p=0.05", "rollout.repetition_penalty=1.2"})
    EXPECT_NE(TrainingSha256(With({sampling})), base) << sampling;
  EXPECT_NE(TrainingSha256(With({"task.mix.slip=0.02"})), base);
}

// Files count by what they hold, wherever they lie.
TEST(RunConfig, TheTrainingHashSeesTheFilesAndFiltersOfData) {
  const auto file = [](const std::string& name, const std::string& content) {
    const std::string path = testing::TempDir() + name;
    std::ofstream(path) << content;
    return path;
  };
  const std::string a = file("a.jsonl", "rows"), same = file("b.jsonl", "rows");
  const auto hash = [](const std::string& path, const std::string& more) {
    return TrainingSha256(With({"task.name=data", "task.files=" + path, more}));
  };
  const std::string base = hash(a, "task.max_prompt_tokens=0");
  EXPECT_EQ(hash(same, "task.bad_rows=stop"), base);
  EXPECT_NE(hash(file("c.jsonl", "others"), "task.bad_rows=stop"), base);
  for (const char* filter : {"task.max_prompt_tokens=9", "task.style=chat", "task.weights=2",
                             "task.pass_rate_max=0.5", "task.system=be brief"})
    EXPECT_NE(hash(a, filter), base) << filter;
}

TEST(RunConfig, TheTrainingHashSeesWhatALoadedPolicyHoldsAndNotWhereItLies) {
  const std::filesystem::path root = testing::TempDir() + "policies";
  const auto folder = [&](const std::string& name, const std::string& weights) {
    std::filesystem::create_directories(root / name);
    std::ofstream(root / name / "config.json") << "{}";
    std::ofstream(root / name / "model.safetensors") << weights;
    return TrainingSha256(With({"policy.path=" + (root / name).string(), "pretrain.tokens=0"}));
  };
  const std::string a = folder("a", "weights");
  EXPECT_EQ(folder("b", "weights"), a);
  EXPECT_NE(folder("b", "weightz"), a);
}

TEST(RunConfig, TheBaseHashSeesOnlyWhatPretrainingDependsOn) {
  const std::string base = BaseSha256(With({}));
  EXPECT_EQ(BaseSha256(With({"grpo.lr=1e-5", "task.held_out=100", "pretrain.cache=elsewhere"})),
            base);
  EXPECT_NE(BaseSha256(With({"pretrain.tokens=1000"})), base);
  EXPECT_NE(BaseSha256(With({"run.seed=2"})), base);
}

bool LoadsAlone(const std::filesystem::path& run) {
  return run.filename() == "signs.toml" || run.filename() == "countdown.toml";
}

TEST(RunConfig, EveryCheckedInRunLoads) {
  const std::filesystem::path runs = std::filesystem::path(R1ZERO_TEST_DATA) / ".." / ".." / "runs";
  int loaded = 0;
  for (const auto& entry : std::filesystem::directory_iterator(runs)) {
    std::vector<std::string> overrides;
    if (!LoadsAlone(entry.path())) {  // wants the user's policy
      const std::string policy = testing::TempDir() + "policy";
      std::filesystem::create_directories(policy);
      std::ofstream(policy + "/config.json") << "{}";
      overrides = {"policy.path=" + policy};
    }
    EXPECT_NO_THROW(LoadRunConfig(entry.path(), overrides)) << entry.path();
    ++loaded;
  }
  EXPECT_GE(loaded, 6);
}

TEST(RunConfig, TheConfigurationPageIsTheHelpPage) {
  const auto page =
      std::filesystem::path(R1ZERO_TEST_DATA) / ".." / ".." / "docs" / "configuration.md";
  EXPECT_THAT(ReadFile(page), HasSubstr(RunConfigHelp()))
      << "write it again: docs/make_configuration.sh";
}

}  // namespace
}  // namespace r1zero
