#include "services/scoring.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "common/error.h"
#include "common/sha256.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Group TwoCompletions() {
  Group group{.prompt = {.ordinal = 3, .text = "prompt", .gold = "gold"}};
  group.completions = {{.finish_reason = FinishReason::kStop, .text = "one"},
                       {.finish_reason = FinishReason::kLength, .text = "two"}};
  return group;
}

std::vector<Score> TwoScores() {
  return {
      {.reward = 2,
       .parts = {{"accuracy", 2, {.outcome = Outcome::kCorrect, .score = 1, .reason = "equal"}}},
       .judged_sha256 = Sha256Hex("one")},
      {.reward = 7,
       .undecided = true,
       .parts = {{"accuracy",
                  2,
                  {.outcome = Outcome::kUndecided, .score = NAN, .reason = "bad_gold"}}},
       .judged_sha256 = Sha256Hex("two")}};
}

TEST(Scoring, ShowsTheVerifiersWhatTheyNeed) {
  const std::vector<Judged> judged = ToJudged(TwoCompletions(), /*seed=*/1);
  ASSERT_EQ(judged.size(), 2u);
  EXPECT_EQ(judged[0].prompt, "prompt");
  EXPECT_EQ(judged[0].completion, "one");
  EXPECT_EQ(judged[0].gold, "gold");
  EXPECT_FALSE(judged[0].truncated);
  EXPECT_TRUE(judged[1].truncated);
}

TEST(Scoring, GivesEveryCompletionOfARunAKeyOfItsOwnAndAlwaysTheSame) {
  std::set<uint64_t> keys;
  for (const uint64_t seed : {0ull, 1ull, 1ull << 40})
    for (const PromptUse use : {PromptUse::kTraining, PromptUse::kEvaluation})
      for (const int64_t ordinal : {0ll, 1ll, 1ll << 40}) {
        Group group = TwoCompletions();
        group.prompt.use = use;
        group.prompt.ordinal = ordinal;
        for (const Judged& judged : ToJudged(group, seed)) keys.insert(judged.random_key);
        EXPECT_EQ(ToJudged(group, seed)[1].random_key, ToJudged(group, seed)[1].random_key);
      }
  EXPECT_EQ(keys.size(), 3u * 2 * 3 * 2);
}

TEST(Scoring, WritesRewardsAndPartsAndNoNumberForTheUndecided) {
  Group group = TwoCompletions();
  ApplyScores(group, TwoScores());
  EXPECT_EQ(group.completions[0].reward, 2);
  EXPECT_EQ(group.completions[0].parts[0].name, "accuracy");
  EXPECT_EQ(group.completions[0].parts[0].score, 1);
  EXPECT_EQ(group.completions[0].parts[0].reason, "equal");
  EXPECT_TRUE(group.completions[1].undecided);
  EXPECT_TRUE(group.completions[1].parts[0].undecided);
  EXPECT_EQ(group.completions[1].reward, 0);
  EXPECT_EQ(group.completions[1].parts[0].score, 0);
}

TEST(Scoring, RefusesScoresThatCannotBeOfThisGroupAndChangesNothing) {
  struct Case {
    std::function<void(std::vector<Score>&)> spoil;
    std::string why;
  };
  const std::vector<Case> cases = {
      {[](auto& scores) { scores.pop_back(); }, "1 scores for 2 completions"},
      {[](auto& scores) { std::swap(scores[0], scores[1]); }, "score 0 is of another text"},
      {[](auto& scores) { scores[0].reward = NAN; }, "score 0 has reward nan"},
      {[](auto& scores) { scores[0].parts[0].verdict.score = INFINITY; },
       "part 'accuracy' has score inf"},
  };
  for (const Case& c : cases) {
    Group group = TwoCompletions();
    std::vector<Score> scores = TwoScores();
    c.spoil(scores);
    EXPECT_THAT([&] { ApplyScores(group, scores); }, ThrowsMessage<Error>(HasSubstr(c.why)));
    EXPECT_TRUE(group.completions[0].parts.empty());
  }
}

}  // namespace
}  // namespace r1zero
