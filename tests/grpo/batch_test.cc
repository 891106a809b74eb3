#include "grpo/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;

// Completions of the given numbers of tokens to run, of prompts of two tokens; a 0 begins a new prompt.
struct Sequences {
  std::vector<Prompt> prompts;
  std::vector<Completion> completions;
  std::vector<TrainingSequence> all;

  explicit Sequences(const std::vector<int>& own_tokens)
      : prompts(own_tokens.size(), Prompt{.tokens = {5, 6}}), completions(own_tokens.size()) {
    size_t prompt = 0;
    for (size_t i = 0; i < own_tokens.size(); ++i) {
      if (own_tokens[i] == 0) prompt = i;
      if (own_tokens[i] == 0) continue;
      completions[i].tokens.resize(static_cast<size_t>(own_tokens[i]) + 1);
      all.push_back({&prompts[prompt], &completions[i]});
    }
  }
};

std::vector<size_t> Sizes(const std::vector<MicroBatch>& micro_batches) {
  std::vector<size_t> sizes;
  for (const MicroBatch& micro_batch : micro_batches) sizes.push_back(micro_batch.sequences.size());
  return sizes;
}

int64_t TokensRun(const MicroBatch& micro_batch) {
  int64_t tokens = 0;
  const Prompt* before = nullptr;
  for (const TrainingSequence& sequence : micro_batch.sequences) {
    if (sequence.prompt != before) tokens += 2;
    before = sequence.prompt;
    tokens += sequence.own_tokens();
  }
  return tokens;
}

TEST(SplitMicroBatches, FillsEachToTheBudgetInOrderAndCountsAPromptOnce) {
  const Sequences sequences({4, 4, 2, 0, 8, 2, 0, 3});
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 12)), ElementsAre(3, 2, 1));
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 17)), ElementsAre(3, 3));
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 1000)), ElementsAre(6));
}

TEST(SplitMicroBatches, SaysWhereItCutsAGroup) {
  const Sequences sequences({4, 4, 4, 4, 4, 0, 3, 3});
  const auto micro_batches = SplitMicroBatches(sequences.all, 12);
  ASSERT_THAT(Sizes(micro_batches), ElementsAre(2, 2, 2, 1));
  EXPECT_FALSE(micro_batches[0].continues_before);
  EXPECT_TRUE(micro_batches[0].continues_behind);
  EXPECT_TRUE(micro_batches[1].continues_before);
  EXPECT_TRUE(micro_batches[1].continues_behind);
  EXPECT_TRUE(micro_batches[2].continues_before);  // the fifth of the first prompt
  EXPECT_TRUE(micro_batches[2].continues_behind);  // the first of the second
  EXPECT_TRUE(micro_batches[3].continues_before);
  EXPECT_FALSE(micro_batches[3].continues_behind);
}

TEST(SplitMicroBatches, GivesAnOverlongSequenceAMicroBatchOfItsOwn) {
  const Sequences sequences({2, 18, 2, 2});
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 8)), ElementsAre(1, 1, 2));
}

TEST(SplitMicroBatches, HoldsEverySequenceOnceInOrderWhateverTheBudget) {
  const Sequences sequences({3, 9, 4, 0, 5, 12, 3, 0, 1, 0, 3, 7});
  for (int64_t budget = 1; budget < 70; ++budget) {
    const TrainingSequence* next = sequences.all.data();
    for (const MicroBatch& micro_batch : SplitMicroBatches(sequences.all, budget)) {
      EXPECT_EQ(micro_batch.sequences.data(), next);
      next += micro_batch.sequences.size();
      EXPECT_TRUE(micro_batch.sequences.size() == 1 || TokensRun(micro_batch) <= budget);
    }
    EXPECT_EQ(next, sequences.all.data() + sequences.all.size());
  }
}

TEST(SplitMicroBatches, OfNothingIsNothing) {
  EXPECT_TRUE(SplitMicroBatches({}, 8).empty());
  EXPECT_THROW(SplitMicroBatches({}, 0), Error);
}

}  // namespace
}  // namespace r1zero
