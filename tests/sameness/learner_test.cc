// The sampler and the learner, and the learner with itself: threads, SIMD, micro-batches.
#include "grpo/loss.h"
#include "tests/kernels/simd_targets.h"
#include "tests/sameness/models.h"

namespace r1zero::sameness {
namespace {

constexpr int64_t kWhole = 1 << 20;  // tokens: one micro-batch

// What the sampler says of them.
std::vector<float> RecordedLogprobs(const std::vector<TrainingSequence>& sequences) {
  std::vector<float> logprobs;
  for (const TrainingSequence& s : sequences)
    logprobs.insert(logprobs.end(), s.completion->logprobs.begin(), s.completion->logprobs.end());
  return logprobs;
}

class LearnerOf : public testing::TestWithParam<Shape> {
 protected:
  const Shape& shape = GetParam();
  const Groups groups = Sample(shape, LeasesOf(shape, 7));
  const std::vector<TrainingSequence> sequences = TrainingSequences(groups);

  std::vector<float> Recorded() const { return RecordedLogprobs(sequences); }
};
INSTANTIATE_TEST_SUITE_P(, LearnerOf, testing::ValuesIn(Shapes()), Name);

TEST_P(LearnerOf, HasTheSamplersLogprobOfEveryTokenToTheBit) {
  EXPECT_TRUE(SameBits(Trained(shape, 2).Run(sequences, kWhole, /*backward=*/false), Recorded()));
  EXPECT_TRUE(SameBits(Trained(shape, 1).Run(sequences, 40, /*backward=*/true), Recorded()));
}

TEST_P(LearnerOf, HasThemUnderTruncationAndPenaltyTooWhateverTheGroupSize) {
  const Groups truncated = Sample(shape, TruncatedLeasesOf(shape));
  const auto all = TrainingSequences(truncated);
  const SampledFrom from{shape.vocab, 1.2f};
  for (const int64_t tokens : {int64_t{1}, int64_t{50}, kWhole})
    EXPECT_TRUE(SameBits(Trained(shape, 2).Run(all, tokens, /*backward=*/true, from),
                         RecordedLogprobs(all)))
        << tokens << " tokens";
  kernels::ForEachSimdTarget(
      [&] { ExpectSameBits(Sample(shape, TruncatedLeasesOf(shape)), truncated); });
}

TEST_P(LearnerOf, HasOneGradientUnderTruncationAndPenaltyForEverySplitThreadCountAndTarget) {
  const Groups truncated = Sample(shape, TruncatedLeasesOf(shape));
  const SampledFrom from{shape.vocab, 1.2f};
  const std::string expected = GradientHash(shape, truncated, 1, kWhole, from);
  for (const int64_t tokens : {1, 30, 50, 128})
    EXPECT_EQ(GradientHash(shape, truncated, 2, tokens, from), expected) << tokens << " tokens";
  kernels::ForEachSimdTarget(
      [&] { EXPECT_EQ(GradientHash(shape, truncated, 1, 64, from), expected); });
}

TEST_P(LearnerOf, FindsARatioOfExactlyOneAndAKlOfExactlyZeroOnTheFirstUpdate) {
  const auto logprobs = Trained(shape, 2).Run(sequences, 64, /*backward=*/false);
  const auto recorded = Recorded();
  const std::vector<float> advantages(logprobs.size(), 1.0f);
  const std::vector<double> weights(logprobs.size(), 1.0);
  std::vector<float> gradient(logprobs.size());
  const LossSums sums =
      PolicyLoss({logprobs, recorded, recorded, advantages, weights}, {.kl_coef = 1}, gradient);
  EXPECT_EQ(sums.ratio_sum, sums.tokens);
  EXPECT_EQ(sums.kl_tokens, 0);
  EXPECT_EQ(sums.old_kl_sum, 0);
}

TEST_P(LearnerOf, HasOneGradientOnOneTwoAndFourThreads) {
  const std::string expected = GradientHash(shape, groups, 1, kWhole);
  for (const int threads : {2, 4})
    EXPECT_EQ(GradientHash(shape, groups, threads, kWhole), expected);
}

// With a budget of 1 every completion is run with a prompt of its own: sharing changes no bit.
TEST_P(LearnerOf, HasOneGradientForEverySplitPackedOrNotAndWithOrWithoutASharedPrompt) {
  const std::string expected = GradientHash(shape, groups, 1, kWhole);
  for (const int64_t tokens : {1, 30, 50, 77, 128, 512})
    EXPECT_EQ(GradientHash(shape, groups, 2, tokens), expected) << tokens << " tokens";
}

TEST_P(LearnerOf, SamplesAndLearnsTheSameOnEverySimdTarget) {
  const std::string expected = GradientHash(shape, groups, 1, 64);
  kernels::ForEachSimdTarget([&] {
    ExpectSameBits(Sample(shape, LeasesOf(shape, 7)), groups);
    EXPECT_EQ(GradientHash(shape, groups, 1, 64), expected);
  });
}

TEST(Learner, HasTheSamplersLogprobsAndOneGradientOfLongSumsAndALayerThatNoCacheHolds) {
  const Shape shape = WideLayer();
  const Groups groups = Sample(shape, LeasesOf(shape, 7));
  const auto sequences = TrainingSequences(groups);
  EXPECT_TRUE(SameBits(Trained(shape, 2).Run(sequences, kWhole, /*backward=*/false),
                       RecordedLogprobs(sequences)));
  const std::string expected = GradientHash(shape, groups, 1, kWhole);
  EXPECT_EQ(GradientHash(shape, groups, 2, 77), expected);
  kernels::ForEachSimdTarget([&] {
    ExpectSameBits(Sample(shape, LeasesOf(shape, 7)), groups);
    EXPECT_EQ(GradientHash(shape, groups, 1, 64), expected);
  });
}

// More positions than one block of the rotary table.
TEST(Learner, HasTheSamplersLogprobsAndOneGradientBeyondFourThousandTokens) {
  const Shape shape = VeryLongContext();
  Lease lease = LeaseOf(shape, 0, /*group_size=*/2);
  lease.prompt.tokens = RandomTokens(4090, shape.vocab, 3);
  lease.sampling.max_total_tokens = 4120;
  const Groups groups = Sample(shape, {lease}, {.max_sequences = 2});
  const auto sequences = TrainingSequences(groups);
  EXPECT_TRUE(
      SameBits(Trained(shape, 2).Run(sequences, kWhole, false), RecordedLogprobs(sequences)));
  EXPECT_EQ(GradientHash(shape, groups, 2, 1), GradientHash(shape, groups, 1, kWhole));
}

TEST(Learner, HasTheSamplersLogprobsAndOneGradientAtTwoThousandTokens) {
  const Shape shape = LongContext();
  std::vector<Lease> leases{LeaseOf(shape, 0), LeaseOf(shape, 1)};
  leases[0].prompt.tokens = RandomTokens(1500, shape.vocab, 3);
  for (Lease& lease : leases) lease.sampling.max_total_tokens = 2000;
  const Groups groups = Sample(shape, leases, {.max_sequences = 6});
  const auto sequences = TrainingSequences(groups);
  EXPECT_TRUE(
      SameBits(Trained(shape, 2).Run(sequences, kWhole, false), RecordedLogprobs(sequences)));
  EXPECT_EQ(GradientHash(shape, groups, 2, 1), GradientHash(shape, groups, 1, kWhole));
}

}  // namespace
}  // namespace r1zero::sameness
