#include "grpo/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "common/error.h"
#include "grpo/evaluation_json.h"
#include "tests/grpo/fakes.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Three problems of four samples: 4, 1 and 0 right.
std::vector<Group> ThreeProblems() {
  std::vector<Group> groups(3);
  const int right[] = {4, 1, 0};
  for (int g = 0; g < 3; ++g) {
    groups[g].prompt = {PromptUse::kEvaluation, g, "prompt", "gold", {2}};
    for (int i = 0; i < 4; ++i)
      groups[g].completions.push_back(
          MakeCompletion(i < right[g] ? "wait wait" : "", i < right[g], i % 2, 4));
  }
  groups[2].completions[0] = MakeCompletion("wait", 1, 1, 8, FinishReason::kLength);
  return groups;
}

const std::vector<std::string> kWords = {"wait", "b"};

TEST(Evaluate, CountsWhatIsRightByTheAccuracyPart) {
  const Evaluation e = Evaluate(ThreeProblems(), 0.6, kWords, 1);
  EXPECT_EQ(e.problems, 3);
  EXPECT_EQ(e.samples, 4);
  ASSERT_EQ(e.pass_at.size(), 3u);                                  // 1, 2, 4
  EXPECT_NEAR(FindPassAt(e, 1)->value, (1 + 0.25 + 0) / 3, 1e-12);  // cut off: not right
  EXPECT_NEAR(FindPassAt(e, 2)->value, (1 + 0.5 + 0) / 3, 1e-12);
  EXPECT_NEAR(FindPassAt(e, 4)->value, 2.0 / 3, 1e-12);
  EXPECT_EQ(FindPassAt(e, 8), nullptr);
  EXPECT_NEAR(e.format.value, 7.0 / 12, 1e-12);
  EXPECT_NEAR(e.mean_length.value, (11 * 4 + 8) / 12.0, 1e-12);
  EXPECT_NEAR(e.truncated.value, 1.0 / 12, 1e-12);
  EXPECT_NEAR(e.counts[0].second.value, (4 * 2 + 2 + 1) / 12.0, 1e-12);
  EXPECT_EQ(e.counts[1].second.value, 0);
}

TEST(Evaluate, TakesTheRewardWhereThereIsNoAccuracyPart) {
  std::vector<Group> groups(1);
  groups[0].completions = {MakeCompletion("", 0, 0, 2), MakeCompletion("", 0, 0, 2)};
  for (Completion& c : groups[0].completions) c.parts.clear();
  groups[0].completions[1].reward = 1;
  EXPECT_EQ(FindPassAt(Evaluate(groups, 1, {}, 1), 1)->value, 0.5);
}

TEST(Evaluate, DoesNotGuessWhatARuleCouldNotJudge) {
  auto groups = ThreeProblems();
  groups[1].completions[2].undecided = true;
  groups[1].completions[2].parts[0] = {.name = "accuracy", .undecided = true, .reason = "bad_gold"};
  EXPECT_THAT(
      [&] { Evaluate(groups, 1, {}, 1); },
      ThrowsMessage<Error>(HasSubstr("problem 1 could not be judged (accuracy: bad_gold)")));
  groups = ThreeProblems();
  groups[1].completions.pop_back();
  EXPECT_THROW(Evaluate(groups, 1, {}, 1), Error);
  EXPECT_THROW(Evaluate({}, 1, {}, 1), Error);
}

// The same completions, as rows of an evaluation.
EvaluatedProblem AsRow(const Group& group) {
  EvaluatedProblem problem{.row = group.prompt.ordinal + 1};
  for (const Completion& c : group.completions)
    problem.samples.push_back({.right = c.parts[0].score == 1 && c.reward > 0,
                               .finish_reason = c.finish_reason,
                               .reason = "x",
                               .extracted = c.parts[0].extracted});
  return problem;
}

std::vector<Group> WithAnswers() {
  auto groups = ThreeProblems();
  const char* const wrong[] = {"19", "19", "20", ""};
  for (Group& group : groups)
    for (int i = 0; i < 4; ++i) {
      Completion& c = group.completions[i];
      if (c.finish_reason != FinishReason::kLength)
        c.parts[0].extracted = c.parts[0].score == 1 ? "18" : wrong[i];
    }
  return groups;
}

TEST(Evaluate, LetsTheAnswersVoteAsAnEvaluationOfRowsDoes) {
  const auto groups = WithAnswers();
  const Evaluation e = Evaluate(groups, 1, kWords, 5);
  std::vector<EvaluatedProblem> rows;
  for (const Group& group : groups) rows.push_back(AsRow(group));
  const EvaluationSummary expected = Summarise(rows, 5);
  ASSERT_EQ(e.maj_at.size(), expected.maj_at.size());
  for (size_t i = 0; i < e.maj_at.size(); ++i) {
    EXPECT_EQ(e.maj_at[i].first, expected.maj_at[i].first);
    EXPECT_EQ(e.maj_at[i].second.value, expected.maj_at[i].second.value);
    EXPECT_EQ(e.maj_at[i].second.high, expected.maj_at[i].second.high);
  }
  // All four right; 18, 19, 20 and one without an answer: a tie of three; none right.
  EXPECT_DOUBLE_EQ(FindMajAt(e, 4)->value, (1 + 1.0 / 3 + 0) / 3);
  EXPECT_EQ(FindMajAt(e, 1)->value, FindPassAt(e, 1)->value);
}

TEST(Evaluate, HasNoMajorityWhereNobodyAnswersOrTheVotesAreTooMany) {
  EXPECT_TRUE(Evaluate(ThreeProblems(), 1, kWords, 1).maj_at.empty());
  auto groups = WithAnswers();
  groups.resize(1);
  groups[0].completions.resize(1001, groups[0].completions[0]);
  EXPECT_TRUE(Evaluate(groups, 1, {}, 1).maj_at.empty());
  groups[0].completions.resize(200);
  EXPECT_EQ(Evaluate(groups, 1, {}, 1).maj_at.back().first, 64);
}

TEST(Evaluate, ACutOffCompletionDoesNotVote) {
  auto groups = WithAnswers();
  groups[2].completions[0].parts[0].extracted = "18";  // it would be right
  EXPECT_EQ(FindMajAt(Evaluate(groups, 1, {}, 1), 1)->value,
            FindMajAt(Evaluate(WithAnswers(), 1, {}, 1), 1)->value);
}

TEST(Evaluate, MetricsCarryTheIntervals) {
  const Evaluation e = Evaluate(WithAnswers(), 1, kWords, 1);
  std::map<std::string, double> m;
  for (const auto& [name, value] : EvaluationMetrics(e, "eval/")) m[name] = value;
  EXPECT_EQ(m.at("eval/pass@1"), FindPassAt(e, 1)->value);
  EXPECT_EQ(m.at("eval/pass@1_low"), FindPassAt(e, 1)->low);
  EXPECT_EQ(m.at("eval/maj@4"), FindMajAt(e, 4)->value);
  EXPECT_EQ(m.at("eval/maj@4_high"), FindMajAt(e, 4)->high);
  EXPECT_EQ(m.at("eval/wait_high"), e.counts[0].second.high);
}

TEST(EvaluationJson, ReadsBackToWhatItWasMadeOf) {
  const Evaluation e = Evaluate(WithAnswers(), 0.6, kWords, 1);
  const Evaluation back = EvaluationFromJson(Json::parse(ToJson(e).dump()), "here");
  EXPECT_EQ(ToJson(back).dump(), ToJson(e).dump());
  EXPECT_EQ(back.counts.size(), 2u);
  EXPECT_EQ(back.maj_at.size(), 3u);
  const Evaluation without = Evaluate(ThreeProblems(), 0.6, kWords, 1);
  EXPECT_TRUE(EvaluationFromJson(ToJson(without), "here").maj_at.empty());
  EXPECT_THAT([] { EvaluationFromJson(Json::parse(R"({"temperature": 1})"), "base.json"); },
              ThrowsMessage<Error>(HasSubstr("base.json: not an evaluation")));
}

}  // namespace
}  // namespace r1zero
