// r1zero eval from its command line to its files, on a tiny model.
#include "tests/services/eval_verb.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <span>

#include "common/error.h"
#include "common/file.h"
#include "grpo/evaluation_summary.h"
#include "policy/decoder.h"
#include "policy/hf_folder.h"
#include "rollout/engine.h"
#include "services/evaluation_rows.h"
#include "tasks/task.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(EvalVerb, PrintsAndWritesWhatTheRowsComeTo) {
  const Ran ran = Eval({"--json", (folder_ / "result.json").string(), "--out",
                        (folder_ / "rows.jsonl").string(), "--price", "2"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const EvaluationFile file = ReadEvaluation(folder_ / "rows.jsonl");
  const EvaluationSummary expected = Summarise(file.problems, 1);
  EXPECT_EQ(expected.problems, 12);
  const Json result = ReadJson(folder_ / "result.json");
  EXPECT_EQ(result.at("pass@1"), expected.pass_at[0].second.value);
  EXPECT_EQ(result.at("maj@4_ci")[1], expected.maj_at[2].second.high);
  EXPECT_EQ(result.at("tokens_generated"), expected.tokens);
  EXPECT_EQ(result.at("session").at("tokens"), expected.tokens);
  EXPECT_GE(result.at("session").at("cost_usd"), 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("12 problems, 4 samples each"), HasSubstr("pass@k"),
                             HasSubstr("tok/s; $"), HasSubstr("gsm8k_last@1")));
  EXPECT_EQ(file.problems[2].row, 3);
  EXPECT_EQ(file.problems[2].prompt, "How much is 3+1?");
  EXPECT_EQ(file.problems[2].gold, "4");  // of the row's "#### 4"
}

TEST_F(EvalVerb, WritesTheSameBitsWhateverTheNumberOfWorkers) {
  const std::string one = Rows("one.jsonl", {"--workers", "1"});
  EXPECT_EQ(Rows("three.jsonl", {"--workers", "3"}), one);
  EXPECT_EQ(Rows("many.jsonl", {"--workers", "40"}), one);
  EXPECT_NE(Rows("seed.jsonl", {"--seed", "2"}), one);
}

std::vector<std::string> TextsOf(std::span<const EvaluatedProblem> problems) {
  std::vector<std::string> texts;
  for (const EvaluatedProblem& problem : problems)
    for (const EvaluatedSample& sample : problem.samples) texts.push_back(sample.text);
  return texts;
}

// The texts of a group sampled by an engine as a worker of a run with this storage makes it.
std::vector<std::string> SampledBy(kernels::Storage storage, const std::filesystem::path& model,
                                   const std::string& prompt) {
  const HfFolder folder = LoadHfFolder(model);
  Engine engine(MakeCpuDecoder(folder.weights->config, 256, 512, storage), {.kv_blocks = 256});
  std::vector<std::string> tokens;
  for (int32_t id = 0; id < folder.weights->config.vocab_size; ++id)
    tokens.push_back(folder.tokenizer->TokenBytes(id));
  engine.SetTokenTexts(tokens);
  engine.SetWeights(folder.weights);
  Lease lease{
      .prompt = {PromptUse::kEvaluation, 0, prompt, "", folder.tokenizer->EncodePrompt(prompt)}};
  lease.sampling = {.group_size = 64, .temperature = 1, .seed = 1};
  lease.sampling.max_total_tokens = static_cast<int32_t>(lease.prompt.tokens.size()) + 20;
  engine.Add(lease);
  std::vector<std::string> texts;
  while (!engine.idle())
    for (const Group& group : engine.Step())
      for (const Completion& completion : group.completions) texts.push_back(completion.text);
  return texts;
}

TEST_F(EvalVerb, SamplesUnderTheStorageThatItIsTold) {
  Rows("float32.jsonl", {"--samples", "64"});
  Rows("bfloat16.jsonl", {"--samples", "64", "--storage", "bfloat16"});
  const EvaluationFile float32 = ReadEvaluation(folder_ / "float32.jsonl"),
                       bfloat16 = ReadEvaluation(folder_ / "bfloat16.jsonl");
  EXPECT_EQ(TextsOf({&float32.problems[0], 1}),
            SampledBy(kernels::Storage::kFloat32, model_, "How much is 1+1?"));
  EXPECT_EQ(TextsOf({&bfloat16.problems[0], 1}),
            SampledBy(kernels::Storage::kBfloat16, model_, "How much is 1+1?"));
  EXPECT_NE(TextsOf(float32.problems), TextsOf(bfloat16.problems));
  EXPECT_EQ(bfloat16.settings.at("storage"), "bfloat16");
}

TEST_F(EvalVerb, JudgesTheFormatByTheRuleThatItIsTold) {
  EXPECT_THAT(Rows("r1.jsonl"), HasSubstr(R"("format":"format@1")"));
  EXPECT_THAT(Rows("tag.jsonl", {"--format", "answer_tag"}),
              HasSubstr(R"("format":"answer_tag@1")"));
  ExpectRefused(Arguments({"--format", "answer_tga"}), "did you mean 'answer_tag'?");
}

TEST_F(EvalVerb, ALimitTakesTheFirstProblemsAndIsLiftedLater) {
  const std::string all = Rows("all.jsonl");
  const std::string few = Rows("few.jsonl", {"--limit", "5"});
  EXPECT_TRUE(all.starts_with(few));
  EXPECT_EQ(Rows("few.jsonl"), all);  // goes on
  const Ran again = Eval({"--limit", "5", "--out", (folder_ / "few.jsonl").string()});
  EXPECT_THAT(again.out, AllOf(HasSubstr("5 problems, 4 samples"), HasSubstr("nothing was left")));
}

TEST_F(EvalVerb, ComparesWithAnotherEvaluation) {
  Rows("a.jsonl");
  const Ran ran = Eval({"--seed", "5", "--compare", (folder_ / "a.jsonl").string(), "--json",
                        (folder_ / "result.json").string()});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("on 12 problems that both judged"), HasSubstr("sign flips"),
                             HasSubstr("McNemar")));
  EXPECT_EQ(ReadJson(folder_ / "result.json").at("compare").at("problems"), 12);
}

TEST_F(EvalVerb, SaysHowTheOtherEvaluationWasMadeAndRefusesAnotherVerifier) {
  const std::string other = (folder_ / "a.jsonl").string();
  Rows("a.jsonl", {"--samples", "2"});
  const Ran ran = Eval({"--compare", other});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out + ran.err, HasSubstr("a.jsonl was made with samples 2 (here 4)"));
  ExpectRefused({"--model", model_.string(), "--data", data_.string(), "--verifier", "random",
                 "--compare", other},
                "expected one verifier");
}

TEST_F(EvalVerb, SaysBeforeItSamplesThatNoProblemIsInBothEvaluations) {
  const std::string other = (folder_ / "other.jsonl").string();
  Rows("other.jsonl", {"--limit", "2"});
  WriteText(data_, R"({"prompt":"How much is 9+9?","answer":"18"})");
  const Ran ran = Eval({"--compare", other, "--out", (folder_ / "never.jsonl").string()});
  EXPECT_EQ(ran.status, 2);
  EXPECT_THAT(ran.err, HasSubstr("other.jsonl: none of its 2 problems is asked here (paired by "
                                 "prompt); expected an evaluation of the same --data"));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "never.jsonl"));
}

TEST_F(EvalVerb, SaysHowItReadTheRows) {
  const std::string as_gsm8k = "rows read as GSM8K: \"question\", \"answer\" with \"#### 18\"";
  EXPECT_THAT(Eval({"--json", (folder_ / "r.json").string()}).out, HasSubstr(as_gsm8k));
  EXPECT_THAT(ReadJson(folder_ / "r.json").at("read_as"), HasSubstr("GSM8K"));
  // One answer without its mark does not make another format of the file.
  WriteText(data_, R"({"question":"1+1?","answer":"2"})"
                   "\n"
                   R"({"question":"1+2?","answer":"#### 3"})");
  ExpectRefused(Arguments(), "data.jsonl:1:29: \"answer\" is \"2\", expected text that ends with");
}

TEST_F(EvalVerb, WritesWhatACurriculumReads) {
  const std::string rows = Rows("rows.jsonl");
  TaskConfig config{.name = "data", .file = data_.string(), .held_out = 1};
  config.data = {.curriculum = "filter", .pass_rates = (folder_ / "rows.jsonl").string()};
  EXPECT_NO_THROW(MakeTask(config));
  config.data.pass_rate_min = 0.9;  // which this model reaches on no problem
  EXPECT_THROW(MakeTask(config), Error);
}

TEST_F(EvalVerb, RefusesAJsonThatItCouldNotWriteOrThatWouldReplaceWhatItReads) {
  const std::string rows = (folder_ / "rows.jsonl").string();
  Rows("rows.jsonl");
  ExpectRefused(Arguments({"--json", (folder_ / "none" / "r.json").string()}),
                "there is no folder");
  ExpectRefused(Arguments({"--json", folder_.path().string()}), "not a regular file");
  ExpectRefused(Arguments({"--json", data_.string()}), "which this evaluation needs");
  ExpectRefused(Arguments({"--json", rows, "--out", rows}), "which this evaluation needs");
  ExpectRefused(Arguments({"--json", rows, "--compare", rows}), "which this evaluation needs");
}

TEST_F(EvalVerb, LeavesOutAndListsGoldsThatTheVerifierDoesNotUnderstand) {
  WriteText(data_, R"({"prompt":"1","answer":"1"})"
                   "\n"
                   R"({"prompt":"2","answer":"two"})"
                   "\n");
  const Ran ran = Eval();
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, AllOf(HasSubstr("1 problem,"), HasSubstr("bad gold, not asked   rows 2")));
  ExpectRefused({"--model", model_.string(), "--data", data_.string(), "--verifier", "signs"},
                "signs@1 understands none of the 2 golds (row 1: ");
}

TEST_F(EvalVerb, SaysWhatIsWrongWithItsInput) {
  for (const char* bad : {"nan", "-1", "101", "1e", ""})
    ExpectRefused(Arguments({"--temperature", bad}), "is not a number from 0 to 100");
  const std::string model = model_.string(), data = data_.string();
  const auto arguments = [&](const std::string& m, const std::string& d, const std::string& v) {
    return std::vector<std::string>{"--model", m, "--data", d, "--verifier", v};
  };
  ExpectRefused({}, "is required");
  ExpectRefused(arguments(model, data, "gsm9k"), "did you mean 'gsm8k'?");
  ExpectRefused(arguments((folder_ / "none").string(), data, "gsm8k"), "there is no such folder");
  ExpectRefused(arguments(folder_.path().string(), data, "gsm8k"), "is no model");
  ExpectRefused(arguments(model, (folder_ / "none.jsonl").string(), "gsm8k"), "none.jsonl");
  ExpectRefused(Arguments({"--samples", "0"}), "--samples");
  for (const char* seed : {"-1", "1.5", "99999999999999999999"})
    ExpectRefused(Arguments({"--seed", seed}), "is not a whole number from 0 to 2^64 - 1");
  ExpectRefused(Arguments({"--temperature", "-1"}), "--temperature");
  ExpectRefused(Arguments({"--top-p", "0"}), "--top-p");
  ExpectRefused(Arguments({"--storage", "float16"}), "--storage");
  ExpectRefused(Arguments({"--out", (folder_ / "none" / "rows.jsonl").string()}),
                "there is no folder");
  ExpectRefused(Arguments({"--out", folder_.path().string()}), "not a regular file");
  ExpectRefused(Arguments({"--style", "chatty"}), "--style");
  ExpectRefused(Arguments({"--nonsense"}), "--nonsense");
  ExpectRefused(Arguments({"--verifier", "exact"}), "--verifier: expected once, given 2 times");
  ExpectRefused(Arguments({"--prompt-template", "no place"}), "expected {prompt} in it");
  ExpectRefused(Arguments({"--compare", (folder_ / "none.jsonl").string()}), "no such file");
  WriteText(data_, R"({"prompt":"1"})");
  ExpectRefused(Arguments(), ":1:1: the row has \"prompt\", expected an answer");
  WriteText(data_, "");
  ExpectRefused(Arguments(), "no rows");
  WriteText(data_, R"({"prompt":")" + std::string(kTestContext, '1') + R"(","answer":"1"})");
  ExpectRefused(Arguments(),
                "row 1: the prompt has 48 tokens, which leaves no room in the model's "
                "context of 48");
}

TEST_F(EvalVerb, GreedyIsOneSample) {
  const Ran ran = Eval({"--temperature", "0"});
  EXPECT_THAT(ran.out, HasSubstr("12 problems, 1 sample each, temperature 0"));
}

TEST_F(EvalVerb, FindsTheNewestCheckpointOfARun) {
  const std::filesystem::path run = folder_ / "run";
  SaveEvalModel(run / "checkpoints" / "step-000001", 1);
  SaveEvalModel(run / "checkpoints" / "step-000002", 2);
  const auto title = [&](const std::filesystem::path& path) {
    const Ran ran =
        RunVerb(EvalMain, {"--model", path.string(), "--data", data_.string(), "--verifier",
                           "gsm8k", "--limit", "1", "--samples", "1", "--max-tokens", "1"});
    return ran.out.substr(0, ran.out.find(" on "));
  };
  EXPECT_THAT(title(run), HasSubstr("step-000002"));
  EXPECT_THAT(title(run / "checkpoints"), HasSubstr("step-000002"));
  EXPECT_THAT(title(run / "checkpoints" / "step-000001"), HasSubstr("step-000001"));
  WriteText(run / "checkpoints" / "LATEST", "step-000001\n");
  EXPECT_THAT(title(run), HasSubstr("step-000001"));
}

}  // namespace
}  // namespace r1zero
