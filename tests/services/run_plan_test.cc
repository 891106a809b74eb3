#include "services/run_plan.h"

#include <gmock/gmock.h>

#include <fstream>

#include "common/error.h"
#include "tests/services/eval_model.h"

namespace r1zero {
namespace {

using testing::HasSubstr;

std::string Refusal(const std::vector<std::string>& overrides) {
  try {
    PlanRun("", overrides);
  } catch (const Error& e) {
    return e.what();
  }
  return "accepted";
}

TEST(RunPlan, KnowsTaskShapeAndRules) {
  const RunPlan plan = PlanRun("", {"task.name=countdown", "policy.num_layers=2"});
  EXPECT_EQ(plan.task->name(), "countdown");
  EXPECT_EQ(plan.shape.model.num_layers, 2);
  EXPECT_EQ(plan.shape.model.vocab_size, plan.shape.tokenizer->vocab_size());
  EXPECT_EQ(plan.rubric.accuracy, "countdown");
}

TEST(RunPlan, FindsWhatTheConfigurationAloneCannotShow) {
  EXPECT_THAT(Refusal({"reward.weights.acc=1"}), HasSubstr("unknown verifier 'acc'"));
  EXPECT_THAT(Refusal({"policy.num_kv_heads=3"}), HasSubstr("num_kv_heads (num_key_value_heads) is 3"));
  EXPECT_THAT(Refusal({"task.held_out=1000000"}), HasSubstr("task.held_out is 1000000"));
  EXPECT_THAT(Refusal({"task.name=jsonl"}), HasSubstr("task.file is empty"));
  EXPECT_THAT(Refusal({"rollout.max_total_tokens=257"}), HasSubstr("max_positions is 256"));
  EXPECT_THAT(Refusal({"rollout.max_total_tokens=8"}), HasSubstr("a prompt has"));
  EXPECT_THAT(Refusal({"rollout.max_sequences=8"}), HasSubstr("grpo.group_size is 16"));
  EXPECT_THAT(Refusal({"rollout.kv_blocks=1"}), HasSubstr("rollout.kv_blocks is 1"));
  EXPECT_THAT(Refusal({"eval.temperatures=1,nan"}), HasSubstr("eval.temperatures"));
}

// A file of a run for a new policy is used with a loaded one, too; what it would ignore is said.
TEST(RunPlan, ALoadedPolicysShapeIsNotWrittenOver) {
  const TestFolder folder;
  SaveEvalModel(folder / "model");
  const std::vector<std::string> loaded = {"policy.path=" + (folder / "model").string(),
                                           "pretrain.tokens=0"};
  const auto with = [&](const std::string& key) {
    std::vector<std::string> all = loaded;
    all.push_back(key);
    return Refusal(all);
  };
  EXPECT_THAT(with("policy.hidden_size=77"),
              HasSubstr("policy.hidden_size is 77, but " + (folder / "model").string() + " has "));
  EXPECT_THAT(with("policy.tie_embeddings=false"), HasSubstr("policy.tie_embeddings"));
  EXPECT_THAT(with("policy.rms_eps=0.5"), HasSubstr("leave policy.rms_eps out"));
}

// Hundreds of GiB of keys and values: this machine has less, another may have more.
TEST(RunPlan, WorkersOnThisMachineMustFitInItsMemory) {
  const std::vector<std::string> overrides{"rollout.kv_blocks=16777216"};
  EXPECT_NO_THROW(PlanRun("", overrides, Workers::kElsewhere));
  EXPECT_THAT([&] { PlanRun("", overrides, Workers::kHere); },
              testing::ThrowsMessage<Error>(
                  testing::AllOf(HasSubstr("keys and values (CpuDecoder::blocks_) 672.0 GiB"),
                                 HasSubstr("it would fit with rollout.kv_blocks="))));
}

TEST(RunPlan, ABadRowIsFound) {
  const std::string path = testing::TempDir() + "rows.jsonl";
  std::ofstream(path) << "{\"prompt\":\"a\",\"answer\":\"b\"}\n{\"prompt\":1}\n";
  EXPECT_THAT(Refusal({"task.name=jsonl", "task.file=" + path}), HasSubstr(path + ":2"));
}

TEST(RunPlan, FilesOfPublishedProblemsAreReadAndNoted) {
  const std::string path = testing::TempDir() + "published.jsonl";
  std::ofstream(path) << "{\"question\":\"1+1\",\"solution\":\"2\"}\n"
                         "{\"question\":\"1+2\",\"solution\":\"3\"}\n{}\n";
  const std::vector<std::string> overrides = {"task.name=data", "task.files=" + path,
                                              "task.bad_rows=skip", "pretrain.tokens=0"};
  const RunPlan plan = PlanRun("", overrides);
  EXPECT_EQ(plan.task->Training(1, 5).prompt, "1+1");
  EXPECT_EQ(plan.task->HeldOut().at(0).gold, "3");
  EXPECT_THAT(plan.task->Notes().at(0), HasSubstr("1 to train on, 1 to hold out; left out: 1 bad"));
  EXPECT_THAT(Refusal({"task.name=data", "task.files=" + path}),
              HasSubstr(path + ":3:1: the row has no"));
}

}  // namespace
}  // namespace r1zero
