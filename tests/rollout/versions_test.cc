// Weights that are swapped between decode steps, and what each token records of it.
#include <gtest/gtest.h>

#include "kernels/sampler.h"
#include "tests/rollout/drain.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

constexpr int kSwapAfterSteps = 12;

std::vector<Lease> TestLeases(int count) {
  std::vector<Lease> leases;
  for (int i = 0; i < count; ++i) {
    leases.push_back(TestLease(i));
    leases.back().sampling.max_total_tokens = 80;
  }
  return leases;
}

// Steps the engine, swaps the weights, steps it to its end.
std::map<int64_t, Group> RunWithSwap(Engine& engine, const std::vector<Lease>& leases,
                                     std::shared_ptr<const Weights> weights) {
  for (const Lease& lease : leases) engine.Add(lease);
  std::map<int64_t, Group> groups;
  for (int i = 0; i < kSwapAfterSteps; ++i)
    for (Group& group : engine.Step()) groups.emplace(group.prompt.ordinal, group);
  engine.SetWeights(std::move(weights));
  groups.merge(Drain(engine));
  return groups;
}

// The same numbers, published as version 5.
std::shared_ptr<const Weights> EqualWeights() {
  auto weights = std::make_shared<Weights>(*TestWeights(0));
  weights->version = 5;
  return weights;
}

TEST(Versions, SwappingToEqualWeightsChangesNoBitAndIsRecorded) {
  const std::vector<Lease> leases = TestLeases(12);
  const auto expected = RunAll(*TestEngine({}), leases);
  const auto swapped = RunWithSwap(*TestEngine({}), leases, EqualWeights());
  ExpectSameBits(swapped, expected);
  for (const auto& [ordinal, group] : swapped) {
    EXPECT_EQ(group.policy_version, 0);
    for (const Completion& completion : group.completions) {
      // One prefill and kSwapAfterSteps - 1 decodes were before the swap.
      std::vector<VersionSpan> spans = {{0, 0}};
      if (completion.tokens.size() > kSwapAfterSteps) spans.push_back({kSwapAfterSteps, 5});
      EXPECT_EQ(completion.versions, spans) << ordinal;
    }
  }
  for (const auto& [ordinal, group] : expected)
    for (const Completion& completion : group.completions)
      EXPECT_EQ(completion.versions, (std::vector<VersionSpan>{{0, 0}}));
}

// One completion by itself, token by token; from token `swap` on by other weights, over the keys
// and values that are there.
Completion SampleAlone(const Lease& lease, int32_t sample, int64_t swap,
                       std::shared_ptr<const Weights> swapped_to) {
  const int64_t V = TestPolicy().vocab_size;
  const auto decoder = MakeCpuDecoder(TestPolicy(), 6, 96);
  decoder->SetWeights(TestWeights(0));
  const std::vector<int32_t> table = {3, 0, 5, 1, 4, 2};
  std::vector<int32_t> tokens = lease.prompt.tokens;
  std::vector<float> logits(V), scratch(V);
  Completion completion;
  for (size_t run = 0; static_cast<int64_t>(tokens.size()) < lease.sampling.max_total_tokens;) {
    const auto position = static_cast<uint32_t>(completion.tokens.size());
    if (position == swap) decoder->SetWeights(swapped_to);
    const DecoderInput input{.tokens = std::span(tokens).subspan(run),
                             .first_position = static_cast<int64_t>(run),
                             .block_table = table};
    decoder->Forward({&input, 1}, logits.data());
    run = tokens.size();
    const auto next = kernels::SampleToken(
        logits.data(), V, {},
        SampleUniform(lease.sampling.seed, lease.prompt.ordinal, sample, position), scratch.data());
    tokens.push_back(next.token);
    completion.tokens.push_back(next.token);
    completion.logprobs.push_back(next.logprob);
    if (next.token == TestPolicy().eos_token) break;
  }
  return completion;
}

TEST(Versions, SwappingToOtherWeightsChangesOnlyTheTokensAfterIt) {
  const std::vector<Lease> leases = TestLeases(9);
  const auto before = RunAll(*TestEngine({}), leases);
  const auto swapped = RunWithSwap(*TestEngine({}), leases, TestWeights(1));
  int changed = 0;
  for (const Lease& lease : leases)
    for (int32_t i = 0; i < lease.sampling.group_size; ++i) {
      const Completion& old = before.at(lease.prompt.ordinal).completions[i];
      Completion alone = SampleAlone(lease, i, kSwapAfterSteps, TestWeights(1));
      const Completion& completion = swapped.at(lease.prompt.ordinal).completions[i];
      alone.finish_reason = completion.finish_reason;
      ExpectSameBits(completion, alone);
      if (completion.versions.size() == 1) ExpectSameBits(completion, old);
      changed += completion.tokens != old.tokens;
    }
  EXPECT_GT(changed, 10);
}

TEST(Versions, AreRightForSequencesResumedUnderNewerWeights) {
  auto engine = TestEngine({.max_sequences = 40, .kv_blocks = 12});
  const std::vector<Lease> leases = TestLeases(12);
  for (const Lease& lease : leases) engine->Add(lease);
  std::map<int64_t, Group> groups;
  std::vector<int64_t> sampled_under;  // tokens, by version
  for (int64_t version = 0; version < 5; ++version) {
    const int64_t before = engine->tokens_sampled();
    for (int i = 0; i < 60; ++i)
      for (Group& group : engine->Step()) groups.emplace(group.prompt.ordinal, group);
    sampled_under.push_back(engine->tokens_sampled() - before);
    engine->SetWeights(TestWeights(version + 1));
  }
  const int64_t before = engine->tokens_sampled();
  groups.merge(Drain(*engine));
  sampled_under.push_back(engine->tokens_sampled() - before);

  std::vector<int64_t> recorded(sampled_under.size());
  for (const auto& [ordinal, group] : groups)
    for (const Completion& completion : group.completions) {
      EXPECT_EQ(completion.versions.front(), (VersionSpan{0, group.policy_version}));
      int64_t end = static_cast<int64_t>(completion.tokens.size());
      for (size_t i = completion.versions.size(); i-- > 0;) {
        const VersionSpan& span = completion.versions[i];
        EXPECT_LT(span.first_token, end);
        recorded.at(span.policy_version) += end - span.first_token;
        end = span.first_token;
      }
    }
  EXPECT_EQ(recorded, sampled_under);
  EXPECT_GT(engine->preemptions(), 5);
}

}  // namespace
}  // namespace r1zero
