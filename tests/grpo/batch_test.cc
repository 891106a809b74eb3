#include "grpo/batch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "common/error.h"

namespace r1zero {
namespace {

using ::testing::ElementsAre;

// Sequences of the given lengths, two tokens of each in the prompt.
struct Sequences {
  Prompt prompt{.tokens = {5, 6}};
  std::vector<Completion> completions;
  std::vector<TrainingSequence> all;

  explicit Sequences(std::vector<int> lengths) : completions(lengths.size()) {
    for (size_t i = 0; i < lengths.size(); ++i) {
      completions[i].tokens.resize(static_cast<size_t>(lengths[i] - 2));
      all.push_back({&prompt, &completions[i]});
    }
  }
};

std::vector<size_t> Sizes(const std::vector<std::span<const TrainingSequence>>& micro_batches) {
  std::vector<size_t> sizes;
  for (const auto& micro_batch : micro_batches) sizes.push_back(micro_batch.size());
  return sizes;
}

TEST(SplitMicroBatches, FillsEachToTheBudgetInOrder) {
  const Sequences sequences({4, 4, 4, 8, 4, 3});
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 12)), ElementsAre(3, 2, 1));
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 1000)), ElementsAre(6));
}

TEST(SplitMicroBatches, GivesAnOverlongSequenceAMicroBatchOfItsOwn) {
  const Sequences sequences({4, 20, 4, 4});
  EXPECT_THAT(Sizes(SplitMicroBatches(sequences.all, 8)), ElementsAre(1, 1, 2));
}

TEST(SplitMicroBatches, HoldsEverySequenceOnceInOrderWhateverTheBudget) {
  const Sequences sequences({3, 9, 4, 5, 12, 3, 3, 7});
  for (int64_t budget = 1; budget < 60; ++budget) {
    const TrainingSequence* next = sequences.all.data();
    for (const auto& micro_batch : SplitMicroBatches(sequences.all, budget)) {
      EXPECT_EQ(micro_batch.data(), next);
      next += micro_batch.size();
      int64_t tokens = 0;
      for (const TrainingSequence& sequence : micro_batch) tokens += sequence.num_tokens();
      EXPECT_TRUE(micro_batch.size() == 1 || tokens <= budget);
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
