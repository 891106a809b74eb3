// What a learner refuses, and what it then leaves as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "common/error.h"
#include "tests/grpo/tiny_learner.h"

namespace r1zero {
namespace {

std::string UpdateError(const std::function<void(std::vector<Group>&, std::vector<float>&)>& spoil,
                        GrpoConfig config = TinyGrpo()) {
  const auto learner = NewLearner(config);
  auto groups = SampleGroups(Base());
  auto advantages = SomeAdvantages(groups);
  spoil(groups, advantages);
  std::string message;
  try {
    learner->Update(7, groups, advantages);
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
  return message;
}

TEST(Learner, NumbersThatAreNotFiniteNameStepAndMicroBatchAndLeaveTheWeights) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::string logprob =
      UpdateError([&](auto& groups, auto&) { groups[5].completions[3].logprobs[2] = nan; });
  EXPECT_THAT(logprob, testing::HasSubstr("training step 7"));
  EXPECT_THAT(logprob, testing::ContainsRegex("micro-batch [1-9]"));
  EXPECT_THAT(UpdateError([&](auto&, auto& advantages) { advantages[0] = nan; }),
              testing::HasSubstr("micro-batch 0"));
  GrpoConfig config = TinyGrpo();
  config.loss.aggregation = "token-sum";  // the loss is finite, the gradient's sums are not
  EXPECT_THAT(UpdateError(
                  [&](auto&, auto& advantages) {
                    for (float& a : advantages) a = std::numeric_limits<float>::max();
                  },
                  config),
              testing::HasSubstr("training step 7"));
  // A ratio of e^78 is a number yet, its gradient in float is not.
  EXPECT_THAT(UpdateError([&](auto& groups, auto& advantages) {
                groups[0].completions[0].logprobs[0] = -80;
                advantages[0] = -1e30f;
              }),
              testing::HasSubstr("gradient is not finite"));
}

TEST(Learner, WeightsThatAreNotFiniteEndTheUpdate) {
  GrpoConfig config = TinyGrpo();
  config.optimizer.lr = 1e39;
  const auto learner = NewLearner(config);
  const auto groups = SampleGroups(Base());
  try {
    learner->Update(7, groups, SomeAdvantages(groups));
    FAIL() << "the update went on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("training step 7"));
    EXPECT_THAT(error.what(), testing::HasSubstr("learning rate"));
  }
}

TEST(Learner, GroupsThatDoNotFitTheirAdvantagesAreRefused) {
  EXPECT_THAT(UpdateError([](auto&, auto& advantages) { advantages.pop_back(); }),
              testing::HasSubstr("advantages"));
  EXPECT_THAT(
      UpdateError([](auto& groups, auto&) { groups[0].completions[1].logprobs.pop_back(); }),
      testing::HasSubstr("log-probabilities"));
}

}  // namespace
}  // namespace r1zero
