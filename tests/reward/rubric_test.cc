#include "reward/rubric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "common/error.h"

namespace r1zero {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const char kGold[] = R"({"numbers":[6,6,8,8],"target":16})";

Rubric Default() { return Rubric(Resolved({}, "signs")); }

TEST(Rubric, SumsItsWeightedParts) {
  const Score both =
      Default().Judge({.completion = "<think>a</think><answer>6-6+8+8</answer>", .gold = kGold});
  EXPECT_DOUBLE_EQ(both.reward, 1.1);
  EXPECT_FALSE(both.undecided);
  ASSERT_EQ(both.parts.size(), 2u);
  EXPECT_EQ(both.parts[0].name, "accuracy");
  EXPECT_EQ(both.parts[0].verdict.verifier, "signs@1");
  EXPECT_EQ(both.parts[1].name, "format");
  EXPECT_EQ(both.parts[1].weight, 0.1);
  EXPECT_DOUBLE_EQ(
      Default().Judge({.completion = "<think>a</think><answer>1</answer>", .gold = kGold}).reward,
      0.1);
  EXPECT_DOUBLE_EQ(
      Default().Judge({.completion = "<answer>6-6+8+8</answer>", .gold = kGold}).reward, 1.0);
}

TEST(Rubric, ATruncatedCompletionEarnsNothing) {
  const Score score = Default().Judge(
      {.completion = "<think>a</think><answer>6-6+8+8</answer>", .gold = kGold, .truncated = true});
  EXPECT_EQ(score.reward, 0);
  EXPECT_FALSE(score.undecided);
  ASSERT_EQ(score.parts.size(), 2u);
  for (const RewardPart& part : score.parts) {
    EXPECT_EQ(part.verdict.outcome, Outcome::kIncorrect);
    EXPECT_EQ(part.verdict.reason, "truncated");
  }
  EXPECT_EQ(score.parts[0].verdict.verifier, "signs@1");
}

TEST(Rubric, AnUndecidedPartMakesTheScoreUndecided) {
  const Score score =
      Default().Judge({.completion = "<think>a</think><answer>1</answer>", .gold = "?"});
  EXPECT_TRUE(score.undecided);
  EXPECT_EQ(score.reward, 0);
  EXPECT_EQ(score.parts[1].verdict.outcome, Outcome::kCorrect);
}

TEST(Rubric, NamesTheTextThatItJudged) {
  EXPECT_EQ(Default().Judge({.completion = "abc", .gold = kGold}).judged_sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
}

TEST(Rubric, PartsMayBeVerifiersByName) {
  const Rubric rubric({.accuracy = "auto", .weights = {{"exact", 2}, {"random", 0}}});
  const Score score = rubric.Judge({.completion = "x", .gold = "x"});
  EXPECT_EQ(score.reward, 2);
  EXPECT_EQ(score.parts[1].name, "random");
}

TEST(Rubric, AutoIsReplacedOnceAndAChoiceIsKept) {
  EXPECT_EQ(Resolved({}, "countdown").accuracy, "countdown");
  EXPECT_EQ(Resolved({.accuracy = "random"}, "countdown").accuracy, "random");
  EXPECT_THAT([] { Rubric{RewardConfig{}}; }, ThrowsMessage<Error>(HasSubstr("auto")));
}

TEST(Rubric, RefusesWhatMakesNoSense) {
  const auto refuses = [](std::vector<std::pair<std::string, double>> weights,
                          const std::string& message) {
    EXPECT_THAT([&] { Rubric({.accuracy = "signs", .weights = weights}); },
                ThrowsMessage<Error>(HasSubstr(message)));
  };
  refuses({}, "empty");
  refuses({{"accuracy", -1}}, "reward.weights.accuracy is -1");
  refuses({{"accuracy", std::nan("")}}, "reward.weights.accuracy");
  refuses({{"format", 1}, {"format", 2}}, "'format' twice");
  refuses({{"fromat", 1}}, "did you mean 'format'?");
}

TEST(Rubric, FormatIsJudgedByTheVerifierThatIsNamedForIt) {
  const Rubric rubric({.accuracy = "exact", .format = "answer_tag", .weights = {{"format", 1}}});
  EXPECT_EQ(rubric.Judge({.completion = "so <answer>4</answer>"}).reward, 1);
  const Score score = rubric.Judge({.completion = "so 4"});
  EXPECT_EQ(score.parts[0].name, "format");
  EXPECT_EQ(score.parts[0].verdict.verifier, "answer_tag@1");
  EXPECT_EQ(score.parts[0].verdict.reason, "no_answer");
}

TEST(RewardConfig, IsReadFromTheConfiguration) {
  RewardConfig config;
  const std::vector<std::string> overrides = {"reward.accuracy=exact", "reward.weights.format=0.5"};
  ReadConfig("", overrides,
             [&](Fields& f) { f.Section("reward", "", [&] { Describe(f, config); }); });
  EXPECT_EQ(config.accuracy, "exact");
  EXPECT_THAT(config.weights, testing::Contains(std::pair<std::string, double>("format", 0.5)));
}

}  // namespace
}  // namespace r1zero
