#include "grpo/packed_batch.h"

#include <gmock/gmock.h>

#include "common/error.h"

namespace r1zero {
namespace {

using kernels::TokenSet;
using testing::HasSubstr;
using testing::ThrowsMessage;

TokenSet SetOf(std::initializer_list<int32_t> tokens) {
  TokenSet set(20);
  for (const int32_t token : tokens) set.Add(token);
  return set;
}

struct Batch {
  Prompt prompt{.ordinal = 8, .tokens = {5, 6}};
  std::vector<Completion> completions{{.tokens = {7, 5, 9}, .logprobs = {-1, -1, -1}},
                                      {.tokens = {8}, .logprobs = {-1}}};
  PackedBatch Pack(const SampledFrom& from) const {
    std::vector<TrainingSequence> sequences;
    for (const Completion& completion : completions) sequences.push_back({&prompt, &completion});
    return PackSequences({sequences}, from);
  }
};

TEST(PackedBatch, HoldsThePromptOnceBehindItsCompletionsWhoseLastTokensAreTargetsOnly) {
  const PackedBatch batch = Batch().Pack({.vocab_size = 20});
  EXPECT_THAT(batch.tokens.tokens_N, testing::ElementsAre(7, 5, 5, 6));
  EXPECT_THAT(batch.tokens.positions_N, testing::ElementsAre(2, 3, 0, 1));
  EXPECT_THAT(batch.tokens.offsets_S1,
              testing::ElementsAre(0, 2, 4));  // nothing to run of the second
  EXPECT_THAT(batch.rows.hidden_rows_R, testing::ElementsAre(3, 0, 1, 3));
  EXPECT_THAT(batch.rows.targets_R, testing::ElementsAre(7, 5, 9, 8));
}

TEST(PackedBatch, OfPlainSamplesHasNoDistributions) {
  EXPECT_EQ(Batch().Pack({.vocab_size = 20}).rows.distributions, nullptr);
}

TEST(PackedBatch, ARowHasSeenThePromptAndWhatWasSampledBeforeIt) {
  const auto d = Batch().Pack({.vocab_size = 20, .repetition_penalty = 1.5f}).rows.distributions;
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->repetition_penalty, 1.5f);
  EXPECT_TRUE(d->kept_R.empty());
  EXPECT_THAT(d->seen_R, testing::ElementsAre(SetOf({5, 6}), SetOf({5, 6, 7}), SetOf({5, 6, 7}),
                                              SetOf({5, 6})));
}

TEST(PackedBatch, ARowKeepsWhatTheRolloutKept) {
  Batch batch;
  const std::vector<TokenSet> kept{SetOf({7}), SetOf({5, 1}), SetOf({9, 19}), SetOf({8, 0})};
  for (int t = 0; t < 3; ++t) batch.completions[0].kept.Append(kept[t]);
  EXPECT_THAT([&] { batch.Pack({.vocab_size = 20}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("prompt 8"), HasSubstr("0 kept sets"))));
  batch.completions[1].kept.Append(kept[3]);
  const auto d = batch.Pack({.vocab_size = 20}).rows.distributions;
  ASSERT_NE(d, nullptr);
  EXPECT_EQ(d->kept_R, kept);
  EXPECT_EQ((*d)[2].kept, &d->kept_R[2]);
  EXPECT_EQ((*d)[2].seen, nullptr);
}

TEST(PackedBatch, KeptSetsThatCannotBeNameThePrompt) {
  Batch batch;
  batch.completions[0].kept.lengths_T = {1, 1};
  EXPECT_THAT([&] { batch.Pack({.vocab_size = 20}); },
              ThrowsMessage<Error>(AllOf(HasSubstr("prompt 8"), HasSubstr("words"))));
}

}  // namespace
}  // namespace r1zero
