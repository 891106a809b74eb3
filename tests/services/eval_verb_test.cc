// r1zero eval from its command line to its files, on a tiny model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "common/stop.h"
#include "grpo/evaluation_summary.h"
#include "services/evaluation_rows.h"
#include "services/verbs.h"
#include "tests/services/eval_model.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class EvalVerb : public testing::Test {
 protected:
  EvalVerb() {
    SaveEvalModel(model_);
    std::string rows;
    for (int i = 1; i <= 12; ++i)
      rows += R"({"question":"How much is )" + std::to_string(i) + R"(+1?","answer":"#### )" +
              std::to_string(i + 1) + "\"}\n";
    WriteText(data_, rows);
  }

  std::vector<std::string> Arguments(std::vector<std::string> more = {}) const {
    std::vector<std::string> all = {
        "--model",    model_.string(), "--data", data_.string(), "--verifier",
        "gsm8k_last", "--samples",     "4",      "--max-tokens", "20"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Ran Eval(std::vector<std::string> more = {}) const { return RunVerb(EvalMain, Arguments(more)); }
  std::string Rows(const char* name, std::vector<std::string> more = {}) const {
    more.insert(more.end(), {"--out", (folder_ / name).string()});
    const Ran ran = Eval(more);
    EXPECT_EQ(ran.status, 0) << ran.err;
    return ReadFile(folder_ / name);
  }
  // Refused as bad input, with one sentence.
  void ExpectRefused(const std::vector<std::string>& arguments, const std::string& expected) const {
    const Ran ran = RunVerb(EvalMain, arguments);
    EXPECT_EQ(ran.status, 2) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(expected));
    EXPECT_EQ(ran.out, "");
  }

  const TestFolder folder_;
  const std::filesystem::path model_ = folder_ / "model", data_ = folder_ / "data.jsonl";
};

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

TEST_F(EvalVerb, ALimitTakesTheFirstProblemsAndIsLiftedLater) {
  const std::string all = Rows("all.jsonl");
  const std::string few = Rows("few.jsonl", {"--limit", "5"});
  EXPECT_TRUE(all.starts_with(few));
  EXPECT_EQ(Rows("few.jsonl"), all);  // goes on
  const Ran again = Eval({"--limit", "5", "--out", (folder_ / "few.jsonl").string()});
  EXPECT_THAT(again.out, AllOf(HasSubstr("5 problems, 4 samples"), HasSubstr("nothing was left")));
}

TEST_F(EvalVerb, GoesOnAfterAnyInterruptionToTheSameRows) {
  const std::string whole = Rows("whole.jsonl");
  for (const size_t kept : {size_t{0}, whole.find('\n') + 1, whole.size() / 3, whole.size() - 1}) {
    WriteText(folder_ / "cut.jsonl", whole.substr(0, kept));  // mostly inside a line
    EXPECT_EQ(Rows("cut.jsonl"), whole) << kept;
  }
}

TEST_F(EvalVerb, WhenAskedToStopItKeepsWhatIsDone) {
  RequestStop();
  const Ran ran = Eval({"--out", (folder_ / "rows.jsonl").string()});
  ClearStopForTest();
  if (ran.status != 0) {  // else it was done before it looked
    EXPECT_EQ(ran.status, 130);
    EXPECT_THAT(ran.err, HasSubstr("the same command goes on from there"));
  }
  EXPECT_EQ(Rows("rows.jsonl"), Rows("other.jsonl"));
}

TEST_F(EvalVerb, RefusesRowsOfOtherSettingsByName) {
  const std::string rows = Rows("rows.jsonl");
  const std::string out = (folder_ / "rows.jsonl").string();
  ExpectRefused(Arguments({"--out", out, "--seed", "7"}), "was made with seed 1, this is 7");
  ExpectRefused(Arguments({"--out", out, "--top-k", "5"}), "was made with top_k 0, this is 5");
  SaveEvalModel(model_, /*seed=*/2);
  ExpectRefused(Arguments({"--out", out}), "was made with weight_sha256");
  ExpectRefused(Arguments({"--out", data_.string()}), "not a row of an evaluation");
  EXPECT_EQ(ReadFile(out), rows);
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
  ExpectRefused(Arguments({"--temperature", "-1"}), "--temperature");
  ExpectRefused(Arguments({"--top-p", "0"}), "--top-p");
  ExpectRefused(Arguments({"--style", "chatty"}), "--style");
  ExpectRefused(Arguments({"--nonsense"}), "--nonsense");
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
