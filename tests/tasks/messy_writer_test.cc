#include "tasks/messy_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace r1zero {
namespace {

// Tries 1, 2, 3, ...: the try that hits is known.
class Counting : public AttemptSource {
 public:
  std::string Guess(RandomStream&) override { return "guess"; }
  Attempt Next(RandomStream&) override {
    ++tried_;
    return {"try", tried_, "answer" + std::to_string(tried_)};
  }

 private:
  int64_t tried_ = 0;
};

std::string Write(const CorpusMix& mix, int64_t target, uint64_t seed = 1) {
  RandomStream rng(seed, RandomPurpose::kCorpus);
  Counting source;
  return WriteResponse(rng, mix, target, source);
}

constexpr CorpusMix kThinkers = {.direct = 0,
                                 .bare = 0,
                                 .think = 1,
                                 .ramble = 0,
                                 .miss = 0,
                                 .give_up = 0,
                                 .give_up_patient = 0,
                                 .max_tries = 4};

TEST(MessyWriter, StopsAtATickedHit) {
  EXPECT_EQ(Write(kThinkers, 2), "<think>try:2waittry:2ok</think><answer>answer2</answer>");
}

TEST(MessyWriter, StopsWithoutAVerdictWhenTriesRunOut) {
  EXPECT_EQ(Write(kThinkers, 9),
            "<think>try:9waittry:9waittry:9waittry:9</think><answer>answer4</answer>");
}

TEST(MessyWriter, AnUnnoticedHitIsNotTicked) {
  CorpusMix mix = kThinkers;
  mix.miss = 1;
  mix.max_tries = 2;
  EXPECT_EQ(Write(mix, 1), "<think>try:1waittry:1</think><answer>answer2</answer>");
}

TEST(MessyWriter, GivesUpAfterAMiss) {
  CorpusMix mix = kThinkers;
  mix.give_up = mix.give_up_patient = 1;
  EXPECT_EQ(Write(mix, 9), "<think>try:9</think><answer>answer1</answer>");
}

TEST(MessyWriter, RamblersNeitherGiveUpNorAnswer) {
  CorpusMix mix = kThinkers;
  mix.think = 0;
  mix.ramble = 1;
  mix.give_up = mix.give_up_patient = 1;
  EXPECT_EQ(Write(mix, 3), "<think>try:3waittry:3waittry:3ok");
}

TEST(MessyWriter, OtherStylesGuess) {
  CorpusMix mix = kThinkers;
  mix.think = 0;
  mix.direct = 1;
  EXPECT_EQ(Write(mix, 3), "<answer>guess</answer>");
  mix.direct = 0;
  mix.bare = 1;
  std::map<std::string, int> seen;
  for (uint64_t seed = 0; seed < 2000; ++seed) ++seen[Write(mix, 3, seed)];
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_NEAR(seen["guess=3"], 1000, 4 * std::sqrt(500));
}

TEST(MessyWriter, ImpatientWritersStopMoreOften) {
  CorpusMix mix = kThinkers;
  mix.give_up = 0.65;
  mix.give_up_patient = 0.2;
  mix.patient = 0.4;
  int at_once = 0;
  constexpr int kCount = 10000;
  for (uint64_t seed = 0; seed < kCount; ++seed)
    at_once += Write(mix, 9, seed).find("wait") == std::string::npos;
  EXPECT_NEAR(at_once / double(kCount), 0.4 * 0.2 + 0.6 * 0.65, 0.02);
}

TEST(MessyWriter, NearDrawsFollowTheExponentialOfTheDistance) {
  const std::vector<int64_t> distances = {7, 3, 12, 3, 1000000};
  double sum = 0;
  for (int64_t d : distances) sum += std::exp(-double(d) / 4);
  std::vector<int> seen(distances.size());
  RandomStream rng(3, RandomPurpose::kCorpus);
  constexpr int kDraws = 50000;
  for (int i = 0; i < kDraws; ++i) ++seen[DrawNear(rng, distances, 4)];
  for (size_t i = 0; i < distances.size(); ++i)
    EXPECT_NEAR(seen[i] / double(kDraws), std::exp(-double(distances[i]) / 4) / sum, 0.01) << i;
}

TEST(MessyWriter, NearDrawsWorkFarFromTheTargetAndAtExtremeWidths) {
  RandomStream rng(3, RandomPurpose::kCorpus);
  EXPECT_EQ(DrawNear(rng, std::vector<int64_t>{5000, 4000}, 0.01), 1u);
  std::vector<int> seen(2);
  for (int i = 0; i < 2000; ++i) ++seen[DrawNear(rng, std::vector<int64_t>{0, 50}, 1e6)];
  EXPECT_NEAR(seen[0], 1000, 100);
}

TEST(MessyWriter, FalseClaimsAreNearOrAnywhereAndNeverTrue) {
  RandomStream rng(4, RandomPurpose::kCorpus);
  const ClaimRange claims = {.near_min = -24, .near_max = 36, .far_min = 0, .far_max = 30};
  int waits = 0, near = 0;
  for (int i = 0; i < 10000; ++i) {
    const std::string line = WriteDrillLine(rng, {"sum", -26, ""}, claims);
    const int64_t claim = std::stoll(line.substr(4));
    EXPECT_EQ(line.ends_with("ok"), claim == -26) << line;
    if (claim == -26) continue;
    EXPECT_TRUE((-24 <= claim && claim <= -18) || (0 <= claim && claim <= 30)) << line;
    ++waits;
    near += claim < 0;
  }
  EXPECT_NEAR(waits, 5000, 200);
  EXPECT_NEAR(near / double(waits), 0.5, 0.03);
}

}  // namespace
}  // namespace r1zero
