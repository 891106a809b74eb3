#include "rollout/draw.h"

#include <gtest/gtest.h>

#include <random>

namespace r1zero {
namespace {

std::vector<float> RandomLogits(int64_t V) {
  std::mt19937 generator(3);
  std::normal_distribution<float> normal(0, 2);
  std::vector<float> logits(V);
  for (float& logit : logits) logit = normal(generator);
  return logits;
}

TEST(Draw, PenalisesTheTokensOfPromptAndCompletionAndNoOther) {
  const std::vector<float> logits = RandomLogits(70);
  const std::vector<int32_t> prompt{3, 9, 3};
  Completion completion{.tokens = {40, 69, 9}};
  kernels::TokenSet seen(70);
  for (const int32_t token : {3, 9, 40, 69}) seen.Add(token);
  std::vector<float> scratch(70);
  for (int i = 0; i < 100; ++i) {
    const float uniform = static_cast<float>(i) / 100;
    const auto drawn = DrawToken({.temperature = 0.7f, .repetition_penalty = 1.5f}, prompt,
                                 completion, logits, uniform, scratch.data());
    const auto expected =
        kernels::SampleToken(logits.data(), 70, {.temperature = 0.7f, .repetition_penalty = 1.5f},
                             uniform, scratch.data(), &seen);
    EXPECT_EQ(drawn.token, expected.token);
    EXPECT_EQ(drawn.logprob, expected.logprob);
  }
  EXPECT_TRUE(completion.kept.empty()) << "nothing was truncated";
}

TEST(Draw, RecordsWhatTruncationKept) {
  const std::vector<float> logits = RandomLogits(70);
  std::vector<float> scratch(70);
  Completion completion;
  for (const float uniform : {0.1f, 0.5f, 0.9f})
    completion.tokens.push_back(
        DrawToken({.top_k = 6}, {}, completion, logits, uniform, scratch.data()).token);
  EXPECT_EQ(WhatIsWrong(completion.kept, completion.tokens, 70), "");
  for (const kernels::TokenSet& set : Unpack(completion.kept, 70)) EXPECT_EQ(set.size(), 6);
}

}  // namespace
}  // namespace r1zero
