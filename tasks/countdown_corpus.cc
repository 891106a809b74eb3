#include "tasks/countdown_corpus.h"

#include <cstdlib>
#include <set>

namespace r1zero {
namespace {

constexpr ClaimRange kClaims = {
    .near_min = 0, .near_max = kMaxResult, .far_min = 1, .far_max = kMaxResult};
constexpr int kDrillLines = 3;
constexpr int kGuidedDraws = 64;  // a guided try is the pick of so many
constexpr int kFreshDraws = 16;   // how long a systematic writer looks for an untried one

// One writer's tries at one problem.
class JoinSource : public AttemptSource {
 public:
  JoinSource(RandomStream& rng, const CorpusMix& mix, const CountdownProblem& problem)
      : mix_(mix), problem_(problem), never_twice_(rng.Chance(mix.systematic)) {}

  std::string Guess(RandomStream& rng) override {
    return JoinNumbers(rng, problem_.numbers, /*slip=*/0).answer;
  }

  Attempt Next(RandomStream& rng) override {
    Attempt attempt = Draw(rng);
    for (int i = 1; i < kFreshDraws && tried_.contains(attempt.answer); ++i) attempt = Draw(rng);
    if (never_twice_) tried_.insert(attempt.answer);
    return attempt;
  }

 private:
  Attempt Draw(RandomStream& rng) const {
    if (!rng.Chance(mix_.guided)) return JoinNumbers(rng, problem_.numbers, mix_.slip);
    std::vector<Attempt> draws;
    std::vector<int64_t> distances;
    for (int i = 0; i < kGuidedDraws; ++i) {
      draws.push_back(JoinNumbers(rng, problem_.numbers, mix_.slip));
      distances.push_back(std::abs(draws.back().result - problem_.target));
    }
    return draws[DrawNear(rng, distances, mix_.tau)];
  }

  const CorpusMix& mix_;
  const CountdownProblem& problem_;
  bool never_twice_;
  std::set<std::string> tried_;  // stays empty unless never_twice_
};

}  // namespace

std::string WriteCountdownDrill(RandomStream& rng, const NumberRange& range) {
  std::string text;
  for (int i = 0; i < kDrillLines; ++i) {
    const auto numbers = DrawNumbers(rng, range, /*held_out=*/false);
    text += WriteDrillLine(rng, JoinNumbers(rng, numbers, /*slip=*/0), kClaims);
  }
  return text;
}

std::string WriteCountdownResponse(RandomStream& rng, const CorpusMix& mix,
                                   const CountdownProblem& problem) {
  JoinSource source(rng, mix, problem);
  return WriteResponse(rng, mix, problem.target, source);
}

ProbedTry DrawProbedTry(RandomStream& rng, const NumberRange& range, bool hit) {
  ProbedTry probed;
  do {
    probed.problem = DrawCountdown(rng, range, /*held_out=*/false);
    probed.attempt = JoinNumbers(rng, probed.problem.numbers, /*slip=*/0);
    if (hit) probed.problem.target = probed.attempt.result;
  } while (probed.problem.target < 1 || hit != (probed.attempt.result == probed.problem.target));
  return probed;
}

}  // namespace r1zero
