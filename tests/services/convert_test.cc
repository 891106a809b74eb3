#include "services/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "common/error.h"
#include "services/convert_reward.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// Any value of any field, bytes that are no text included.
class Random {
 public:
  explicit Random(uint32_t seed) : bits_(seed) {}
  int64_t Int() { return static_cast<int64_t>(bits_()); }
  int32_t Small() { return static_cast<int32_t>(bits_() % 20); }
  bool Bool() { return bits_() % 2 == 0; }
  double Double() { return std::normal_distribution<double>(0, 1e3)(bits_); }
  std::string Bytes() {
    std::string text(Small(), '\0');
    for (char& c : text) c = static_cast<char>(bits_());
    return text;
  }

 private:
  std::mt19937_64 bits_;
};

Completion AnyCompletion(Random& random) {
  Completion c;
  for (int32_t i = random.Small(); i > 0; --i) {
    c.tokens.push_back(static_cast<int32_t>(random.Int()));
    c.logprobs.push_back(static_cast<float>(random.Double()));
  }
  for (int32_t i = random.Small() % 4; i > 0; --i)
    c.versions.push_back({random.Int(), random.Int()});
  c.finish_reason = static_cast<FinishReason>(random.Small() % 3);
  c.text = random.Bytes();
  c.reward = random.Double();
  c.undecided = random.Bool();
  for (int32_t i = random.Small() % 3; i > 0; --i)
    c.parts.push_back(
        {"part", random.Double(), random.Double(), random.Bool(), "reason", random.Bytes()});
  for (int32_t i = random.Small(); i > 0; --i) {
    c.kept.lengths_T.push_back(random.Small());
    c.kept.words.push_back(static_cast<uint32_t>(random.Int()));
  }
  return c;
}

Prompt AnyPrompt(Random& random) {
  return {.use = random.Bool() ? PromptUse::kTraining : PromptUse::kEvaluation,
          .ordinal = random.Int(),
          .text = random.Bytes(),
          .gold = random.Bytes(),
          .tokens = {1, 2, random.Small()}};
}

// Over the wire and back.
template <typename Message>
Message Sent(const Message& message) {
  Message received;
  EXPECT_TRUE(received.ParseFromString(message.SerializeAsString()));
  return received;
}

void ExpectEqual(const Completion& a, const Completion& b) {
  EXPECT_EQ(a.tokens, b.tokens);
  EXPECT_EQ(a.logprobs, b.logprobs);
  EXPECT_EQ(a.versions, b.versions);
  EXPECT_EQ(a.finish_reason, b.finish_reason);
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.reward, b.reward);
  EXPECT_EQ(a.undecided, b.undecided);
  ASSERT_EQ(a.parts.size(), b.parts.size());
  for (size_t i = 0; i < a.parts.size(); ++i) {
    EXPECT_EQ(a.parts[i].name, b.parts[i].name);
    EXPECT_EQ(a.parts[i].weight, b.parts[i].weight);
    EXPECT_EQ(a.parts[i].score, b.parts[i].score);
    EXPECT_EQ(a.parts[i].undecided, b.parts[i].undecided);
    EXPECT_EQ(a.parts[i].reason, b.parts[i].reason);
  }
  EXPECT_EQ(a.kept, b.kept);
}

TEST(Convert, AnyGroupSurvivesTheWireButForItsPromptsText) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    Group group{.lease_id = static_cast<uint64_t>(random.Int()),
                .policy_version = random.Int(),
                .prompt = AnyPrompt(random),
                .preemptions = random.Int(),
                .tokens_prefilled = random.Int()};
    for (int32_t i = random.Small(); i > 0; --i) group.completions.push_back(AnyCompletion(random));
    const Group back = FromProto(Sent(ToProto(group)));
    EXPECT_EQ(back.lease_id, group.lease_id);
    EXPECT_EQ(back.policy_version, group.policy_version);
    EXPECT_EQ(back.prompt.use, group.prompt.use);
    EXPECT_EQ(back.prompt.ordinal, group.prompt.ordinal);
    EXPECT_EQ(back.prompt.text, "");
    EXPECT_EQ(back.preemptions, group.preemptions);
    EXPECT_EQ(back.tokens_prefilled, group.tokens_prefilled);
    ASSERT_EQ(back.completions.size(), group.completions.size());
    for (size_t i = 0; i < group.completions.size(); ++i)
      ExpectEqual(back.completions[i], group.completions[i]);
  }
}

TEST(Convert, AnyLeaseSurvivesTheWire) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Lease lease{.id = static_cast<uint64_t>(random.Int()),
                      .policy_version = random.Int(),
                      .prompt = AnyPrompt(random),
                      .sampling = {random.Small(),
                                   0.6f,
                                   random.Small(),
                                   0.9f,
                                   0.1f,
                                   random.Small(),
                                   {random.Bytes(), random.Bytes()},
                                   static_cast<uint64_t>(random.Int()),
                                   1.2f}};
    const Lease back = FromProto(Sent(ToProto(lease)));
    EXPECT_EQ(back.id, lease.id);
    EXPECT_EQ(back.policy_version, lease.policy_version);
    EXPECT_EQ(back.prompt.use, lease.prompt.use);
    EXPECT_EQ(back.prompt.ordinal, lease.prompt.ordinal);
    EXPECT_EQ(back.prompt.text, lease.prompt.text);
    EXPECT_EQ(back.prompt.gold, lease.prompt.gold);
    EXPECT_EQ(back.prompt.tokens, lease.prompt.tokens);
    EXPECT_EQ(back.sampling.group_size, lease.sampling.group_size);
    EXPECT_EQ(back.sampling.temperature, lease.sampling.temperature);
    EXPECT_EQ(back.sampling.top_k, lease.sampling.top_k);
    EXPECT_EQ(back.sampling.top_p, lease.sampling.top_p);
    EXPECT_EQ(back.sampling.min_p, lease.sampling.min_p);
    EXPECT_EQ(back.sampling.max_total_tokens, lease.sampling.max_total_tokens);
    EXPECT_EQ(back.sampling.stop, lease.sampling.stop);
    EXPECT_EQ(back.sampling.seed, lease.sampling.seed);
    EXPECT_EQ(back.sampling.repetition_penalty, lease.sampling.repetition_penalty);
  }
}

TEST(Convert, TheTermsOfARunSurviveTheWire) {
  const RunTerms terms{.run_id = "run",
                       .epoch = 3,
                       .config_toml = "[run]\n",
                       .model = TinyModel(),
                       .tokenizer_json = DigitTokenizer().ToJson(),
                       .reward = {.accuracy = "random",
                                  .format = "answer_tag",
                                  .weights = {{"accuracy", 1.0}, {"format", 0.1}}},
                       .engine = {.max_sequences = 5, .max_prefill_tokens = 6, .kv_blocks = 7},
                       .max_total_tokens = 8,
                       .max_prompts_per_lease = 9,
                       .lease_time = std::chrono::milliseconds(10)};
  const RunTerms back = FromProto(Sent(ToProto(terms)));
  EXPECT_EQ(back.run_id, terms.run_id);
  EXPECT_EQ(back.epoch, terms.epoch);
  EXPECT_EQ(back.config_toml, terms.config_toml);
  EXPECT_EQ(back.model, terms.model);
  EXPECT_EQ(back.tokenizer_json, terms.tokenizer_json);
  EXPECT_EQ(back.reward.accuracy, terms.reward.accuracy);
  EXPECT_EQ(back.reward.format, terms.reward.format);
  EXPECT_EQ(back.reward.weights, terms.reward.weights);
  EXPECT_EQ(back.engine.max_sequences, 5);
  EXPECT_EQ(back.engine.max_prefill_tokens, 6);
  EXPECT_EQ(back.engine.kv_blocks, 7);
  EXPECT_EQ(back.max_total_tokens, 8);
  EXPECT_EQ(back.max_prompts_per_lease, 9);
  EXPECT_EQ(back.lease_time, terms.lease_time);
}

TEST(Convert, AScoreSurvivesTheWire) {
  const Score score{
      .reward = 1.1,
      .undecided = true,
      .parts = {{"accuracy", 2, {Outcome::kCorrect, 1, "equal", "\xff", "exact@1"}},
                {"format", 0.5, {Outcome::kUndecided, 0, "bad_gold", "", "format@1"}}},
      .judged_sha256 = "abc"};
  const Score back = FromProto(Sent(ToProto(score)));
  EXPECT_EQ(back.reward, score.reward);
  EXPECT_EQ(back.undecided, score.undecided);
  EXPECT_EQ(back.judged_sha256, score.judged_sha256);
  ASSERT_EQ(back.parts.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(back.parts[i].name, score.parts[i].name);
    EXPECT_EQ(back.parts[i].weight, score.parts[i].weight);
    EXPECT_EQ(back.parts[i].verdict.outcome, score.parts[i].verdict.outcome);
    EXPECT_EQ(back.parts[i].verdict.score, score.parts[i].verdict.score);
    EXPECT_EQ(back.parts[i].verdict.reason, score.parts[i].verdict.reason);
    EXPECT_EQ(back.parts[i].verdict.extracted, score.parts[i].verdict.extracted);
    EXPECT_EQ(back.parts[i].verdict.verifier, score.parts[i].verdict.verifier);
  }
}

TEST(Convert, AFieldThatNoStructCanHoldIsAnErrorThatNamesIt) {
  v1::Group group;
  group.set_use(2);
  EXPECT_THAT([&] { FromProto(group); }, ThrowsMessage<Error>(HasSubstr("use is 2")));

  group.set_use(0);
  group.add_completions()->set_finish_reason(3);
  EXPECT_THAT([&] { FromProto(group); }, ThrowsMessage<Error>(HasSubstr("finish_reason is 3")));

  v1::ScoreResult result;
  result.add_verdicts();
  EXPECT_THAT([&] { FromProto(result); }, ThrowsMessage<Error>(HasSubstr("outcome is 0")));

  v1::ScoreRequest request;
  request.add_rubric()->set_name("style");
  request.mutable_rubric(0)->set_verifier("format");
  EXPECT_THAT([&] { RubricFromProto(request.rubric()); },
              ThrowsMessage<Error>(HasSubstr("rubric[0].verifier is 'format', expected 'style'")));

  EXPECT_THAT([] { FromProto(v1::SubmitGroupReply::VERDICT_UNSPECIFIED); },
              ThrowsMessage<Error>(HasSubstr("verdict is 0")));
}

}  // namespace
}  // namespace r1zero
