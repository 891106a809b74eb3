// Weights that are swapped between decode steps, and what each token records of it.
#include <gtest/gtest.h>

#include "tests/rollout/drain.h"
#include "tests/rollout/sample_alone.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

constexpr int kSwapAfterSteps = 12;

std::vector<Lease> LongLeases(int count) {
  std::vector<Lease> leases = TestLeases(count);
  for (Lease& lease : leases) lease.sampling.max_total_tokens = 80;
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
  const std::vector<Lease> leases = LongLeases(12);
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

TEST(Versions, SwappingToOtherWeightsChangesOnlyTheTokensAfterIt) {
  const std::vector<Lease> leases = LongLeases(9);
  const auto before = RunAll(*TestEngine({}), leases);
  const Swap swap{kSwapAfterSteps, TestWeights(1)};
  const auto swapped = RunWithSwap(*TestEngine({}), leases, swap.weights);
  int changed = 0;
  for (const Lease& lease : leases)
    for (int32_t i = 0; i < lease.sampling.group_size; ++i) {
      const Completion& old = before.at(lease.prompt.ordinal).completions[i];
      const Completion& completion = swapped.at(lease.prompt.ordinal).completions[i];
      ExpectSameBits(completion, SampleAlone(lease, i, &swap));
      if (completion.versions.size() == 1) ExpectSameBits(completion, old);
      changed += completion.tokens != old.tokens;
    }
  EXPECT_GT(changed, 10);
}

TEST(Versions, AreRightForSequencesResumedUnderNewerWeights) {
  auto engine = TestEngine({.max_sequences = 40, .kv_blocks = 12});
  const std::vector<Lease> leases = LongLeases(12);
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
