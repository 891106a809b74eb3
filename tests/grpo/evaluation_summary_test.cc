#include "grpo/evaluation_summary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/error.h"
#include "grpo/evaluation_json.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

EvaluatedSample Answered(const std::string& answer, bool right) {
  return {.right = right,
          .undecided = false,
          .format = right,
          .finish_reason = FinishReason::kStop,
          .tokens = 10,
          .reason = right ? "equal" : "different",
          .extracted = answer,
          .text = "text"};
}
EvaluatedSample CutOff() {
  return {.finish_reason = FinishReason::kLength, .tokens = 30, .reason = "truncated"};
}

EvaluatedProblem Problem(int64_t row, std::vector<EvaluatedSample> samples) {
  return {.row = row,
          .prompt = "prompt " + std::to_string(row),
          .gold = "18",
          .prompt_sha256 = "sha " + std::to_string(row),
          .samples = std::move(samples)};
}

std::vector<EvaluatedProblem> TwoProblems() {
  const EvaluatedSample right = Answered("18", true), wrong = Answered("19", false);
  return {Problem(2, {right, right, wrong, CutOff()}), Problem(1, {wrong, wrong, right, wrong})};
}

TEST(Summarise, GivesTheMeansOverProblems) {
  const EvaluationSummary s = Summarise(TwoProblems(), 1);
  EXPECT_EQ(s.problems, 2);
  EXPECT_EQ(s.samples, 4);
  ASSERT_EQ(s.pass_at.size(), 3u);
  EXPECT_DOUBLE_EQ(s.pass_at[0].second.value, 3.0 / 8);
  EXPECT_DOUBLE_EQ(s.pass_at[1].second.value, (5.0 / 6 + 1.0 / 2) / 2);
  EXPECT_DOUBLE_EQ(s.pass_at[2].second.value, 1);
  EXPECT_DOUBLE_EQ(s.maj_at[0].second.value, 3.0 / 8);
  EXPECT_DOUBLE_EQ(s.maj_at[2].second.value, 0.5);
  EXPECT_DOUBLE_EQ(s.format.value, 3.0 / 8);
  EXPECT_DOUBLE_EQ(s.truncated.value, 1.0 / 8);
  EXPECT_DOUBLE_EQ(s.mean_length.value, 100.0 / 8);
  EXPECT_EQ(s.tokens, 100);
  EXPECT_THAT(s.reasons, ElementsAre(std::pair("different", 4), std::pair("equal", 3),
                                     std::pair("truncated", 1)));
}

TEST(Summarise, LeavesOutAndNamesWhatCouldNotBeJudged) {
  auto problems = TwoProblems();
  problems.push_back(Problem(7, std::vector<EvaluatedSample>(4, CutOff())));
  problems[2].samples[1].undecided = true;
  const EvaluationSummary s = Summarise(problems, 1);
  EXPECT_EQ(s.problems, 2);
  EXPECT_DOUBLE_EQ(s.pass_at[0].second.value, 3.0 / 8);
  EXPECT_THAT(s.undecided_rows, ElementsAre(7));
  EXPECT_THAT([&] { Summarise({problems[2]}, 1); },
              ThrowsMessage<Error>(HasSubstr("no problem could be judged")));
}

TEST(Summarise, DoesNotDependOnTheOrderOfTheProblems) {
  auto problems = TwoProblems();
  problems.push_back(Problem(3, std::vector<EvaluatedSample>(4, Answered("18", true))));
  const std::string expected = ToJson(Summarise(problems, 1)).dump();
  std::ranges::reverse(problems);
  EXPECT_EQ(ToJson(Summarise(problems, 1)).dump(), expected);
}

TEST(Summarise, GoesUpToANumberOfSamplesThatIsNoPowerOfTwo) {
  const EvaluationSummary s =
      Summarise({Problem(1, std::vector<EvaluatedSample>(3, Answered("18", true)))}, 1);
  EXPECT_THAT(s.pass_at, ElementsAre(testing::Field(&std::pair<int64_t, Estimate>::first, 1),
                                     testing::Field(&std::pair<int64_t, Estimate>::first, 2),
                                     testing::Field(&std::pair<int64_t, Estimate>::first, 3)));
}

TEST(Summarise, RefusesProblemsOfOtherNumbersOfSamples) {
  auto problems = TwoProblems();
  problems[0].samples.pop_back();
  EXPECT_THROW(Summarise(problems, 1), Error);
  EXPECT_THROW(Summarise({}, 1), Error);
}

TEST(Compare, PairsByRowOrByPrompt) {
  auto ours = TwoProblems(), theirs = TwoProblems();
  theirs[0].samples[0] = Answered("19", false);  // their majority on row 2: 19
  theirs[0].row = 5;                             // in another file
  theirs.push_back(Problem(9, ours[0].samples));
  const EvaluationComparison c = Compare(ours, theirs, /*same_file=*/false, 1);
  EXPECT_EQ(c.problems, 2);
  EXPECT_EQ(c.only_ours, 0);
  EXPECT_EQ(c.only_theirs, 1);
  EXPECT_DOUBLE_EQ(c.pass_at_1.difference.value, 1.0 / 8);
  EXPECT_EQ(c.pass_at_1.better, 1);
  EXPECT_EQ(c.pass_at_1.equal, 1);
  EXPECT_EQ(c.majority_gained, 1);
  EXPECT_EQ(c.majority_lost, 0);
  EXPECT_DOUBLE_EQ(c.majority_p_value, 1);
  EXPECT_EQ(Compare(ours, theirs, /*same_file=*/true, 1).problems, 1);  // row 1
  EXPECT_THAT([&] { Compare(ours, {{theirs[2]}}, false, 1); },
              ThrowsMessage<Error>(HasSubstr("no problem is in both")));
}

TEST(EvaluatedProblem, ReadsBackToWhatItWasMadeOf) {
  EvaluatedProblem problem = TwoProblems()[0];
  problem.samples[3].undecided = true;
  const Json json = ToJson(problem);
  EXPECT_EQ(json.at("right"), 2);
  EXPECT_EQ(json.at("samples"), 4);
  const Json back = ToJson(EvaluatedProblemFromJson(Json::parse(ToLine(json)), "here"));
  EXPECT_EQ(back.dump(), json.dump());
  EXPECT_THAT([] { EvaluatedProblemFromJson(Json::parse(R"({"row":1})"), "rows.jsonl: line 2"); },
              ThrowsMessage<Error>(HasSubstr("rows.jsonl: line 2: not a row of what r1zero eval --out writes")));
}

}  // namespace
}  // namespace r1zero
