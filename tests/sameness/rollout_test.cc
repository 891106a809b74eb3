// One prompt, many ways to sample it: alone, among others, in chunks, by several engines.
#include "tests/sameness/models.h"

namespace r1zero::sameness {
namespace {

class RolloutOf : public testing::TestWithParam<Shape> {
 protected:
  const Shape& shape = GetParam();
};
INSTANTIATE_TEST_SUITE_P(, RolloutOf, testing::ValuesIn(Shapes()), Name);

TEST_P(RolloutOf, APromptHasTheSameTokensAndBitsAloneAmong7AndAmong128Sequences) {
  const Groups seven = Sample(shape, LeasesOf(shape, 7));
  const Groups many = Sample(shape, LeasesOf(shape, 43), {.max_sequences = 129});
  for (const Lease& lease : LeasesOf(shape, 7)) {
    const Groups alone = Sample(shape, {lease});
    ExpectSameBits(alone.at(lease.prompt.ordinal), seven.at(lease.prompt.ordinal));
    ExpectSameBits(alone.at(lease.prompt.ordinal), many.at(lease.prompt.ordinal));
  }
}

TEST_P(RolloutOf, PrefillInOnePieceInChunksAndTokenByTokenGivesTheSameBits) {
  const auto leases = LeasesOf(shape, 7);
  const Groups whole = Sample(shape, leases, {.max_sequences = 64, .max_prefill_tokens = 4096});
  for (const int64_t chunk : {1, 3, 16, 25})
    ExpectSameBits(Sample(shape, leases, {.max_sequences = 64, .max_prefill_tokens = chunk}),
                   whole);
}

TEST_P(RolloutOf, AFewSequencesAtATimeGiveTheBitsOfAllAtOnce) {
  const auto leases = LeasesOf(shape, 7);
  const Groups all = Sample(shape, leases);
  for (const int64_t sequences : {3, 4, 8})
    ExpectSameBits(Sample(shape, leases, {.max_sequences = sequences}), all);
}

TEST_P(RolloutOf, ABudgetThatPreemptsSequencesGivesTheBitsOfOneThatHoldsAll) {
  const auto leases = LeasesOf(shape, 7);
  const Groups all = Sample(shape, leases);
  for (const int64_t kv_blocks : {4, 5, 9, 14}) {
    const auto engine = EngineOf(shape, {.max_sequences = 64, .kv_blocks = kv_blocks});
    ExpectSameBits(RunAll(*engine, leases), all);
    if (kv_blocks == 4) EXPECT_GT(engine->preemptions(), 0);
  }
}

// Engines stand for workers: prompts go to whoever comes first, at whatever pace.
TEST_P(RolloutOf, OneTwoAndFourEnginesThatTakeTurnsAtRandomGiveTheSameGroups) {
  const auto leases = LeasesOf(shape, 14);
  const Groups expected = Sample(shape, leases);
  for (const int engines : {1, 2, 4}) {
    RandomStream random(engines, RandomPurpose::kPrompt);
    std::vector<std::unique_ptr<Engine>> all;
    for (int i = 0; i < engines; ++i) all.push_back(EngineOf(shape, {.max_sequences = 9}));
    Groups groups;
    for (size_t next = 0; groups.size() < leases.size();) {
      Engine& engine = *all[random.Below(engines)];
      if (next < leases.size() && engine.num_sequences() < 9) engine.Add(leases[next++]);
      if (!engine.idle()) Collect(engine.Step(), groups);
    }
    ExpectSameBits(groups, expected);
  }
}

TEST(Rollout, OfAPromptOfTwoThousandTokensIsTheSameInChunksOfAnySize) {
  const Shape shape = LongContext();
  Lease lease = LeaseOf(shape, 0);
  lease.prompt.tokens = RandomTokens(2000, shape.vocab, 3);
  lease.sampling.max_total_tokens = 2030;
  const EngineConfig config{.max_sequences = 3, .max_prefill_tokens = 4096};
  const Groups whole = Sample(shape, {lease}, config);
  for (const int64_t chunk : {1, 100, 777}) {
    EngineConfig chunked = config;
    chunked.max_prefill_tokens = chunk;
    ExpectSameBits(Sample(shape, {lease}, chunked), whole);
  }
}

TEST(Rollout, AcrossFourThousandPositionsIsTheSameInChunksOfAnySize) {
  const Shape shape = VeryLongContext();
  Lease lease = LeaseOf(shape, 0);
  lease.prompt.tokens = RandomTokens(4090, shape.vocab, 3);
  lease.sampling.max_total_tokens = 4120;
  const Groups whole = Sample(shape, {lease}, {.max_sequences = 3, .max_prefill_tokens = 5000});
  for (const int64_t chunk : {333, 4096})
    ExpectSameBits(Sample(shape, {lease}, {.max_sequences = 3, .max_prefill_tokens = chunk}),
                   whole);
}

TEST(Rollout, OfLongSumsAndALayerThatNoCacheHoldsIsTheSameAloneAmongOthersAndInChunks) {
  const Shape shape = WideLayer();
  const Groups many = Sample(shape, LeasesOf(shape, 7));
  ExpectSameBits(Sample(shape, LeasesOf(shape, 7), {.max_sequences = 64, .max_prefill_tokens = 25}),
                 many);
  for (const Lease& lease : LeasesOf(shape, 7))
    ExpectSameBits(Sample(shape, {lease}).at(lease.prompt.ordinal), many.at(lease.prompt.ordinal));
}

}  // namespace
}  // namespace r1zero::sameness
