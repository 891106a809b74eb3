#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "common/error.h"
#include "grpo/group_buffer.h"
#include "tests/grpo/group_buffer_fixture.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST_F(GroupBufferTest, RefusesEachFieldThatIsWrongAndSaysWhy) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<std::function<void(Group&)>, std::string>> lies = {
      {[](Group& g) { g.policy_version = 3; }, "policy version 3"},
      {[](Group& g) { g.prompt.ordinal = 5; }, "prompt 5"},
      {[](Group& g) { g.prompt.use = PromptUse::kEvaluation; }, "of use 1"},
      {[](Group& g) { g.completions.pop_back(); }, "1 completions, expected 2"},
      {[](Group& g) { g.completions.clear(); }, "0 completions"},
      {[](Group& g) { g.preemptions = -1; }, "-1 pre-emptions and 0 tokens prefilled"},
      {[](Group& g) { g.tokens_prefilled = -2; }, "0 pre-emptions and -2 tokens prefilled"},
      {[](Group& g) { g.completions[1].tokens.clear(); }, "completion 1: no tokens"},
      {[](Group& g) { g.completions[0].logprobs.pop_back(); }, "3 tokens but 2 logprobs"},
      {[](Group& g) { g.completions[0].tokens[0] = kVocab; }, "token 0 is 20"},
      {[](Group& g) { g.completions[0].tokens[0] = -1; }, "token 0 is -1"},
      {[](Group& g) { g.completions[0].logprobs[1] = 0.1f; }, "logprob 1 is 0.1"},
      {[=](Group& g) { g.completions[0].logprobs[1] = -inf; }, "logprob 1 is -inf"},
      {[](Group& g) { g.completions[0].logprobs[1] = std::nanf(""); }, "logprob 1 is nan"},
      {[](Group& g) { g.completions[0].tokens[0] = kEos; }, "end token at 0"},
      {[](Group& g) { g.completions[0].tokens[2] = 3; }, "stopped without the end token"},
      {[](Group& g) { g.completions[0].finish_reason = FinishReason::kLength; }, "cut off"},
      {[](Group& g) { g.completions[0].versions.clear(); }, "do not begin at token 0"},
      {[](Group& g) { g.completions[0].versions[0].first_token = 1; }, "do not begin at token 0"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 6}, {3, 7}};
       },
       "from token 3 of 3"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 5}, {2, 6}, {1, 7}};
       },
       "policy version 7 from token 1 after 6 from 2"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 7}};
       },
       "expected both to ascend"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 6}};
       },
       "expected both to ascend"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 8}};
       },
       "policy version 8, the newest is 7"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 6}, {1, 7}};
       },
       "stale: sampled under policy version 6, leased under 7"},
      {[](Group& g) {
         g.completions[0].tokens = {2, 2, 2, 2, 2, kEos};
         g.completions[0].logprobs.assign(6, -1);
       },
       "9 tokens with the prompt, at most 8"},
      {[=](Group& g) { g.completions[0].reward = inf; }, "reward is inf"},
      {[](Group& g) { g.completions[0].reward = 1e308; }, "reward is 1e+308"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .score = 2e6}}; },
       "'accuracy' scores 2e+06"},
      {[](Group& g) {
         g.completions[0].parts = {{.name = "accuracy", .score = 1}};
         g.completions[0].reward = 1.5;
       },
       "reward is 1.5, its parts make 1"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .score = NAN}}; },
       "'accuracy' scores nan"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .undecided = true}}; },
       "'accuracy' is undecided"},
  };
  buffer_.Issue(Prompts(0, 1), Sampling(), 7);
  int liar = 0;
  for (const auto& [lie, expected] : lies) {
    const std::string worker = "liar-" + std::to_string(liar++);
    const auto leases = LeaseNow(worker);  // free again although the last one lied
    ASSERT_THAT(leases, SizeIs(1));
    Group group = Answer(leases[0]);
    lie(group);
    std::string why;
    EXPECT_EQ(buffer_.Submit(worker, group, &why), SubmitVerdict::kInvalid) << expected;
    EXPECT_THAT(why, HasSubstr(expected));
  }
  SubmitAll("honest", LeaseNow("honest"));
}

TEST(GroupBuffer, TakesAStopStringOnlyWhereATextEndsWithItsFirst) {
  GroupBuffer buffer({.vocab_size = kVocab, .eos_tokens = {kEos}});
  SamplingParams sampling = Sampling();
  sampling.stop = {"wait", "!"};
  buffer.Issue(Prompts(0, 1), sampling, 0);
  int worker = 0;
  const auto answered = [&](const std::string& text, FinishReason reason, int32_t last_token) {
    const std::string name = "w" + std::to_string(worker++);
    Group group = Answer(buffer.LeasePrompts(name, 1, 0ms)->at(0));
    group.completions[0].text = text;
    group.completions[0].tokens.back() = last_token;
    group.completions[0].finish_reason = reason;
    std::string why;
    buffer.Submit(name, group, &why);
    return why;
  };
  const auto text = FinishReason::kStopString;
  EXPECT_THAT(answered("no", text, 4), HasSubstr("holds no stop string"));
  EXPECT_THAT(answered("wait", text, kEos), HasSubstr("ends with the end token"));
  EXPECT_THAT(answered("no! wait", text, 4), HasSubstr("a stop string ends at byte 3"));
  EXPECT_THAT(answered("wait.", text, 4), HasSubstr("at byte 4 of its text of 5"));
  EXPECT_THAT(answered("wait", FinishReason::kStop, kEos), HasSubstr("which went on"));
  EXPECT_THAT(answered("wait", FinishReason::kLength, 4), HasSubstr("which went on"));
  EXPECT_EQ(answered("so wait", text, 4), "");
}

TEST(GroupBuffer, TakesOnlyRewardsOfTheRubric) {
  GroupBuffer buffer(
      {.vocab_size = kVocab,
       .eos_tokens = {kEos},
       .parts = {{.name = "accuracy", .weight = 1}, {.name = "format", .weight = 0.1}}});
  buffer.Issue(Prompts(0, 1), Sampling(), 0);
  int worker = 0;
  const auto answered = [&](const std::vector<NamedReward>& parts, double reward) {
    const std::string name = "w" + std::to_string(worker++);
    Group group = Answer(buffer.LeasePrompts(name, 1, 0ms)->at(0));
    for (Completion& completion : group.completions) {
      completion.parts = parts;
      completion.reward = reward;
    }
    std::string why;
    buffer.Submit(name, group, &why);
    return why;
  };
  const NamedReward accuracy{.name = "accuracy", .weight = 1, .score = 1};
  const NamedReward format{.name = "format", .weight = 0.1, .score = 1};
  EXPECT_THAT(answered({}, 1), HasSubstr("expected one reward part 'accuracy' of weight 1"));
  EXPECT_THAT(answered({accuracy}, 1), HasSubstr("expected one reward part 'format'"));
  EXPECT_THAT(answered({accuracy, {.name = "format", .weight = 100, .score = 1}}, 101),
              HasSubstr("'format' of weight 0.1"));
  EXPECT_THAT(answered({accuracy, format, {.name = "bonus", .score = 9}}, 10.1),
              HasSubstr("3 reward parts, expected 2"));
  EXPECT_THAT(answered({accuracy, format, format}, 1.2), HasSubstr("'format'"));
  EXPECT_EQ(answered({format, accuracy}, 1.1), "");
}

TEST_F(GroupBufferTest, AcceptsACompletionCutOffByTheLimitAndOneUndecided) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  Group group = Answer(LeaseNow("w")[0]);
  group.completions[0].tokens = {2, 2, 2, 2, 2};
  group.completions[0].logprobs.assign(5, -1);
  group.completions[0].finish_reason = FinishReason::kLength;
  group.completions[1].undecided = true;
  EXPECT_EQ(buffer_.Submit("w", group), SubmitVerdict::kAccepted);
}

TEST_F(GroupBufferTest, RefusesTheLeaseOfAnotherWorkerWhichKeepsIt) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  const auto leases = LeaseNow("owner");
  EXPECT_EQ(buffer_.Submit("thief", Answer(leases[0])), SubmitVerdict::kInvalid);
  SubmitAll("owner", leases);
}

TEST_F(GroupBufferTest, GivesNothingMoreToAWorkerRefusedThreeTimes) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  for (int i = 0; i < 3; ++i) {
    Group group = Answer(LeaseNow("liar")[0]);
    group.completions.pop_back();
    EXPECT_EQ(buffer_.Submit("liar", group), SubmitVerdict::kInvalid);
  }
  EXPECT_THAT(LeaseNow("liar"), IsEmpty());
  EXPECT_EQ(buffer_.live_workers(), 0);
  EXPECT_THAT([&] { buffer_.Take(); },
              ThrowsMessage<Error>(HasSubstr("3 groups of liar were refused")));
  SubmitAll("honest", LeaseNow("honest"));
}

}  // namespace
}  // namespace r1zero
