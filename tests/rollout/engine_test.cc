#include "rollout/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <set>

#include "common/error.h"
#include "tests/rollout/counting_decoder.h"
#include "tests/rollout/drain.h"
#include "tests/rollout/sample_alone.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr EngineConfig kRoomy{.max_sequences = 64, .max_prefill_tokens = 256};

TEST(Engine, SamplesEachCompletionAsIfItWereAlone) {
  auto engine = TestEngine(kRoomy);
  std::vector<Lease> leases = TestLeases(18);
  leases[4].sampling.temperature = 0.6f;
  const auto groups = RunAll(*engine, leases);
  std::set<std::vector<int32_t>> distinct;
  for (const Lease& lease : leases)
    for (int32_t sample = 0; sample < lease.sampling.group_size; ++sample) {
      const Completion& sampled = groups.at(lease.prompt.ordinal).completions[sample];
      ExpectSameBits(sampled, SampleAlone(lease, sample));
      distinct.insert(sampled.tokens);
    }
  EXPECT_GT(distinct.size(), 60);  // of 90: the samples of a group do differ
}

TEST(Engine, GivesTheSameBitsWhateverItsLimitsAre) {
  const std::vector<Lease> leases = TestLeases(18);
  const auto expected = RunAll(*TestEngine(kRoomy), leases);
  for (const EngineConfig& config :
       {EngineConfig{.max_sequences = 5, .max_prefill_tokens = 1},
        EngineConfig{.max_sequences = 7, .max_prefill_tokens = 13},
        EngineConfig{.max_sequences = 64, .max_prefill_tokens = 7, .kv_blocks = 30},
        EngineConfig{.max_sequences = 256, .max_prefill_tokens = 1000}})
    ExpectSameBits(RunAll(*TestEngine(config), leases), expected);
}

TEST(Engine, GivesTheSameBitsInAnyOrderOfArrival) {
  std::vector<Lease> leases = TestLeases(18);
  const auto expected = RunAll(*TestEngine(kRoomy), leases);
  std::ranges::reverse(leases);
  ExpectSameBits(RunAll(*TestEngine(kRoomy), leases), expected);

  auto engine = TestEngine({.max_sequences = 20, .max_prefill_tokens = 30});
  std::map<int64_t, Group> trickled;
  for (const Lease& lease : leases) {  // each arrives in the middle of the ones before
    engine->Add(lease);
    for (int i = 0; i < 3; ++i)
      for (Group& group : engine->Step()) trickled[group.prompt.ordinal] = std::move(group);
  }
  trickled.merge(Drain(*engine));
  ExpectSameBits(trickled, expected);
}

TEST(Engine, GivesTheFirstSamplesOfALargerGroup) {
  const auto few = RunAll(*TestEngine(kRoomy), {TestLease(8, 3)});
  const auto many = RunAll(*TestEngine(kRoomy), {TestLease(8, 9)});
  for (int i = 0; i < 3; ++i) ExpectSameBits(few.at(8).completions[i], many.at(8).completions[i]);
}

TEST(Engine, TakesTheLikeliestTokenAtTemperatureZero) {
  Lease lease = TestLease(8, 1);
  lease.sampling.temperature = 0;
  const auto greedy = RunAll(*TestEngine(kRoomy), {lease});
  EXPECT_THAT(greedy.at(8).completions[0].logprobs, testing::Each(0.0f));
  lease.sampling.temperature = 1;
  lease.sampling.top_k = 1;  // the sampler's own rank: by logit, equal ones by lower id
  EXPECT_EQ(greedy.at(8).completions[0].tokens,
            RunAll(*TestEngine(kRoomy), {lease}).at(8).completions[0].tokens);
}

TEST(Engine, TakesTheFirstOfEquallyLikelyTokensAtTemperatureZero) {
  auto engine = TestEngine(kRoomy, /*version=*/-1);
  auto flat = std::make_shared<Weights>(*TestWeights(0));
  std::ranges::fill(flat->flat, 0.0f);  // all logits are 0
  engine->SetWeights(flat);
  Lease lease = TestLease(8, 1);
  lease.sampling.temperature = 0;
  EXPECT_THAT(RunAll(*engine, {lease}).at(8).completions[0].tokens, testing::Each(0));
}

TEST(Engine, StopsAtTheEndTokenOrAtTheLimit) {
  int stopped = 0, cut_off = 0;
  for (const auto& [ordinal, group] : RunAll(*TestEngine(kRoomy), TestLeases(18))) {
    const Lease lease = TestLease(ordinal);
    EXPECT_EQ(group.lease_id, lease.id);
    EXPECT_EQ(group.prompt.tokens, lease.prompt.tokens);
    for (const Completion& completion : group.completions) {
      const auto ends = std::ranges::count(completion.tokens, TestPolicy().eos_tokens.front());
      ASSERT_FALSE(completion.tokens.empty());
      ASSERT_EQ(completion.logprobs.size(), completion.tokens.size());
      for (const float logprob : completion.logprobs) EXPECT_LE(logprob, 0);
      const auto total =
          static_cast<int32_t>(group.prompt.tokens.size() + completion.tokens.size());
      if (completion.finish_reason == FinishReason::kStop) {
        EXPECT_EQ(completion.tokens.back(), TestPolicy().eos_tokens.front());
        EXPECT_EQ(ends, 1);
        EXPECT_LE(total, lease.sampling.max_total_tokens);
        ++stopped;
      } else {
        EXPECT_EQ(ends, 0);
        EXPECT_EQ(total, lease.sampling.max_total_tokens);
        ++cut_off;
      }
    }
  }
  EXPECT_GT(stopped, 5);
  EXPECT_GT(cut_off, 5);
}

TEST(Engine, StopsAtWhicheverEndTokenIsSampledFirst) {
  ModelConfig policy = TestPolicy();
  policy.eos_tokens = {1, 2, 3};
  auto weights = std::make_shared<Weights>(*TestWeights(0));
  weights->config = policy;
  Engine engine(
      MakeCpuDecoder(policy, NumKvBlocks(kRoomy, policy.max_positions), MaxBatchTokens(kRoomy)),
      kRoomy);
  engine.SetWeights(weights);
  std::set<int32_t> ends;
  for (const auto& [ordinal, group] : RunAll(engine, TestLeases(18)))
    for (const Completion& completion : group.completions) {
      const bool stopped = completion.finish_reason == FinishReason::kStop;
      EXPECT_EQ(
          std::ranges::count_if(completion.tokens, [&](int32_t t) { return policy.IsEos(t); }),
          stopped ? 1 : 0);
      EXPECT_EQ(policy.IsEos(completion.tokens.back()), stopped);
      if (stopped) ends.insert(completion.tokens.back());
    }
  EXPECT_GT(ends.size(), 1);
}

TEST(Engine, EvaluationSharesNoRandomNumbersWithTraining) {
  Lease training = TestLease(8, 16), evaluation = TestLease(8, 16);
  evaluation.prompt.use = PromptUse::kEvaluation;
  const auto a = RunAll(*TestEngine(kRoomy), {training}),
             b = RunAll(*TestEngine(kRoomy), {evaluation});
  int same = 0;
  for (int i = 0; i < 16; ++i)
    same += a.at(8).completions[i].tokens == b.at(8).completions[i].tokens;
  EXPECT_LT(same, 4);
}

TEST(Engine, GivesAllItsBlocksBack) {
  auto engine = TestEngine({.max_sequences = 12, .max_prefill_tokens = 20, .kv_blocks = 40});
  EXPECT_EQ(engine->num_free_blocks(), 40);
  for (int round = 0; round < 3; ++round) {
    RunAll(*engine, TestLeases(18));
    EXPECT_EQ(engine->num_free_blocks(), 40);
    EXPECT_EQ(engine->num_sequences(), 0);
  }
}

TEST(Engine, CountsItsSequencesAndTokens) {
  auto engine = TestEngine(kRoomy);
  EXPECT_TRUE(engine->idle());
  EXPECT_TRUE(engine->Step().empty());
  engine->Add(TestLease(8, 5));
  engine->Add(TestLease(7, 3));
  EXPECT_FALSE(engine->idle());
  EXPECT_EQ(engine->num_sequences(), 8);
  int64_t sampled = 0;
  engine->Add(TestLease(1, 2));
  for (const auto& [ordinal, group] : Drain(*engine))
    for (const Completion& completion : group.completions) sampled += completion.tokens.size();
  EXPECT_EQ(engine->tokens_sampled(), sampled);
}

TEST(Engine, RunsAPromptOnceAGroupAndNoTokenTwice) {
  CountingDecoder::Counts counts;
  const EngineConfig config{.max_sequences = 16, .max_prefill_tokens = 24, .kv_blocks = 60};
  Engine engine(std::make_unique<CountingDecoder>(
                    MakeCpuDecoder(TestPolicy(), 60, MaxBatchTokens(config)), counts),
                config);
  engine.SetWeights(TestWeights(0));
  int64_t expected = 0, expected_copies = 0;
  for (const auto& [ordinal, group] : RunAll(engine, TestLeases(18))) {
    expected += group.prompt.tokens.size();
    int64_t going_on = 0;
    for (const Completion& completion : group.completions) {
      expected += completion.tokens.size() - 1;  // the last one is not run
      going_on += completion.tokens.size() > 1;
    }
    if (group.prompt.tokens.size() % 16 != 0) expected_copies += std::max<int64_t>(0, going_on - 1);
  }
  EXPECT_EQ(counts.tokens, expected);
  EXPECT_EQ(counts.copies, expected_copies);
  EXPECT_LE(counts.largest, MaxBatchTokens(config));
  EXPECT_LT(counts.forwards, expected / 4);  // they do run together
}

TEST(Engine, SamplesUnderTheWeightsThatItHas) {
  auto engine = TestEngine(kRoomy, -1);
  EXPECT_EQ(engine->policy_version(), -1);
  EXPECT_THROW(engine->Add(TestLease(8)), Error);  // no weights yet
  engine->SetWeights(TestWeights(0));
  const auto before = RunAll(*engine, {TestLease(8)});
  EXPECT_EQ(before.at(8).policy_version, 0);
  EXPECT_THROW(engine->Add(TestLease(8, 5, /*version=*/1)), Error);
  engine->SetWeights(TestWeights(1));
  engine->Add(TestLease(8, 5, 1));
  engine->Add(TestLease(7, 5, 0));  // the engine has newer ones by now
  const auto after = Drain(*engine);
  EXPECT_EQ(after.at(8).policy_version, 1);
  EXPECT_EQ(after.at(7).policy_version, 1);
  EXPECT_NE(after.at(8).completions[0].tokens, before.at(8).completions[0].tokens);
}

TEST(Engine, SaysWhatIsWrongWithALease) {
  auto engine = TestEngine({.max_sequences = 8, .max_prefill_tokens = 16, .kv_blocks = 5});
  const auto refusal = [&](const std::function<void(Lease&)>& change) -> std::string {
    Lease lease = TestLease(8);
    change(lease);
    try {
      engine->Add(lease);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refusal([](Lease& l) { l.prompt.tokens.clear(); }), HasSubstr("empty"));
  EXPECT_THAT(refusal([](Lease& l) { l.prompt.tokens[1] = 23; }), HasSubstr("token 23"));
  EXPECT_THAT(refusal([](Lease& l) { l.prompt.tokens[1] = -1; }), HasSubstr("token -1"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.max_total_tokens = 40; }), HasSubstr("no room"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.max_total_tokens = 97; }),
              HasSubstr("context of 96"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.group_size = 9; }), HasSubstr("max_sequences 8"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.group_size = 0; }), HasSubstr("group_size"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.max_total_tokens = 96; }),
              AllOf(HasSubstr("one sequence of max_total_tokens 96 needs 6 KV blocks, there are 5"),
                    HasSubstr("raise rollout.kv_blocks")));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.temperature = -1; }), HasSubstr("temperature"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.temperature = INFINITY; }),
              HasSubstr("temperature"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.temperature = NAN; }), HasSubstr("temperature"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.top_k = -1; }), HasSubstr("top_k"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.top_p = 0; }), HasSubstr("top_p"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.top_p = 1.5f; }), HasSubstr("top_p is 1.5"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.top_p = NAN; }), HasSubstr("top_p is nan"));
  EXPECT_THAT(
      refusal([](Lease& l) { l.prompt.tokens.assign(100, 5); }),
      AllOf(HasSubstr("prompt 8: 100 tokens leave no room"), HasSubstr("max_total_tokens")));
  EXPECT_THAT(refusal([](Lease& l) {
                l.prompt.tokens.assign(100, 5);
                l.sampling.max_total_tokens = 128;
              }),
              HasSubstr("max_total_tokens 128 is beyond the policy's context of 96"));
  EXPECT_THAT(refusal([](Lease& l) { l.sampling.min_p = 1; }), HasSubstr("min_p"));
  EXPECT_TRUE(engine->idle());
  EXPECT_THROW(TestEngine({.max_sequences = 0}), Error);
  EXPECT_THROW(TestEngine({.max_prefill_tokens = 0}), Error);
}

TEST(Engine, RefusesToSampleFromWeightsThatHaveDiverged) {
  auto engine = TestEngine(kRoomy);
  auto weights = std::make_shared<Weights>(*TestWeights(0));
  for (const TensorSpec& spec : WeightManifest(weights->config))
    if (spec.name == "model.norm.weight")  // finite, but not what comes of it
      std::fill_n(weights->flat.begin() + spec.offset, spec.size, 3e38f);
  engine->SetWeights(weights);
  engine->Add(TestLease(8));
  EXPECT_THAT([&] { engine->Step(); },
              testing::ThrowsMessage<Error>(
                  AllOf(HasSubstr("prompt 8 under policy version 0"), HasSubstr("diverged"))));
}

TEST(Engine, RefusesWeightsThatAreNotFiniteOrOfAnotherShapeAndKeepsItsOwn) {
  auto engine = TestEngine(kRoomy);
  const auto refusal = [&](const std::function<void(Weights&)>& change) -> std::string {
    auto weights = std::make_shared<Weights>(*TestWeights(3));
    change(*weights);
    try {
      engine->SetWeights(weights);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const TensorSpec down = WeightManifest(TestPolicy()).at(9);
  EXPECT_THAT(refusal([&](Weights& w) { w.flat[down.offset + 7] = NAN; }),
              HasSubstr("version 3: tensor " + down.name + " holds nan at element 7"));
  EXPECT_THAT(refusal([&](Weights& w) { w.flat[0] = -INFINITY; }),
              HasSubstr("tensor model.embed_tokens.weight holds -inf at element 0"));
  EXPECT_THAT(refusal([](Weights& w) { w.flat.pop_back(); }), HasSubstr("its model config says"));
  EXPECT_THAT(refusal([](Weights& w) {
                w.config.num_layers = 1;
                w.flat.resize(NumParameters(w.config));
              }),
              AllOf(HasSubstr("num_layers 1"), HasSubstr("made for"), HasSubstr("num_layers 2")));
  EXPECT_EQ(engine->policy_version(), 0);
  ExpectSameBits(RunAll(*engine, {TestLease(8)}), RunAll(*TestEngine(kRoomy), {TestLease(8)}));
}

TEST(Engine, TellsAnObserverOfEveryTokenAndSamplesTheSameBits) {
  const std::vector<Lease> leases = TestLeases(18);
  // Too few blocks for all: sequences are pre-empted and resumed.
  const EngineConfig config{.max_sequences = 20, .max_prefill_tokens = 30, .kv_blocks = 40};
  auto engine = TestEngine(config);
  std::map<std::pair<int64_t, int32_t>, Completion> seen;
  engine->SetTokenObserver([&](const Prompt& prompt, int32_t sample, const Completion& completion,
                               bool is_finished) {
    Completion& copy = seen[{prompt.ordinal, sample}];
    ASSERT_EQ(copy.tokens.size() + 1, completion.tokens.size());  // none is missed, none told twice
    copy.tokens.push_back(completion.tokens.back());
    copy.logprobs.push_back(completion.logprobs.back());
    if (is_finished) copy.finish_reason = completion.finish_reason;
  });
  const Groups observed = RunAll(*engine, leases);
  EXPECT_GT(engine->preemptions(), 0);
  ExpectSameBits(observed, RunAll(*TestEngine(config), leases));
  for (const auto& [ordinal, group] : observed)
    for (size_t i = 0; i < group.completions.size(); ++i)
      ExpectSameBits(seen.at({ordinal, static_cast<int32_t>(i)}), group.completions[i]);
}

TEST(Engine, TruncatedSamplingStaysWithinTheMostLikelyTokens) {
  Lease lease = TestLease(8, 32);
  lease.sampling.top_k = 1;
  const auto groups = RunAll(*TestEngine(kRoomy), {lease});
  for (const Completion& completion : groups.at(8).completions) {
    EXPECT_EQ(completion.tokens, groups.at(8).completions[0].tokens);
    for (const float logprob : completion.logprobs) EXPECT_EQ(logprob, 0);
  }
}

TEST(NumKvBlocks, IsEnoughForAllSequencesAtFullLength) {
  EXPECT_EQ(NumKvBlocks({.max_sequences = 10, .kv_blocks = 0}, 128), 80);
  EXPECT_EQ(NumKvBlocks({.max_sequences = 10, .kv_blocks = 0}, 129), 90);
  EXPECT_EQ(NumKvBlocks({.max_sequences = 10, .kv_blocks = 7}, 128), 7);
}

}  // namespace
}  // namespace r1zero
