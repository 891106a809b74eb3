// The sampler and the learner, and the learner with itself: threads, SIMD, micro-batches.
#include "grpo/loss.h"
#include "tests/kernels/simd_targets.h"
#include "tests/sameness/models.h"

namespace r1zero::sameness {
namespace {

constexpr int64_t kWhole = 1 << 20;  // tokens: one micro-batch

class LearnerOf : public testing::TestWithParam<Shape> {
 protected:
  const Shape& shape = GetParam();
  const Groups groups = Sample(shape, LeasesOf(shape, 7));
  const std::vector<TrainingSequence> sequences = TrainingSequences(groups);

  std::vector<float> Recorded() const { return Recorded(sequences); }
  static std::vector<float> Recorded(const std::vector<TrainingSequence>& sequences) {
    std::vector<float> logprobs;
    for (const TrainingSequence& s : sequences)
      logprobs.insert(logprobs.end(), s.completion->logprobs.begin(), s.completion->logprobs.end());
    return logprobs;
  }
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
    EXPECT_TRUE(
        SameBits(Trained(shape, 2).Run(all, tokens, /*backward=*/true, from), Recorded(all)))
        << tokens << " tokens";
  kernels::ForEachSimdTarget(
      [&] { ExpectSameBits(Sample(shape, TruncatedLeasesOf(shape)), truncated); });
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

TEST(Learner, HasTheSamplersLogprobsAndOneGradientAtTwoThousandTokens) {
  const Shape shape = LongContext();
  std::vector<Lease> leases{LeaseOf(shape, 0), LeaseOf(shape, 1)};
  leases[0].prompt.tokens = RandomTokens(1500, shape.vocab, 3);
  for (Lease& lease : leases) lease.sampling.max_total_tokens = 2000;
  const Groups groups = Sample(shape, leases, {.max_sequences = 6});
  const auto sequences = TrainingSequences(groups);
  std::vector<float> recorded;
  for (const TrainingSequence& s : sequences)
    recorded.insert(recorded.end(), s.completion->logprobs.begin(), s.completion->logprobs.end());
  EXPECT_TRUE(SameBits(Trained(shape, 2).Run(sequences, kWhole, false), recorded));
  EXPECT_EQ(GradientHash(shape, groups, 2, 1), GradientHash(shape, groups, 1, kWhole));
}

}  // namespace
}  // namespace r1zero::sameness
