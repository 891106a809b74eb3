#include "tasks/signs_corpus.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace r1zero {
namespace {

constexpr ClaimRange kClaims = {.near_min = -24, .near_max = 36, .far_min = 0, .far_max = 30};
constexpr int kDrillLines = 3;

// One writer's way through the sign patterns of one problem.
class PatternSource : public AttemptSource {
 public:
  PatternSource(RandomStream& rng, const CorpusMix& mix, const SignsProblem& problem)
      : mix_(mix), problem_(problem) {
    const double habit = rng.Uniform();
    in_order_ = habit < mix.in_order;
    never_twice_ = in_order_ || habit < mix.in_order + mix.systematic;
  }

  std::string Guess(RandomStream& rng) override {
    return SignsExpression(problem_.digits, static_cast<int>(rng.Below(kSignPatterns)));
  }

  Attempt Next(RandomStream& rng) override {
    if (pool_.empty()) Refill();
    const auto picked = pool_.begin() + Pick(rng);
    const int pattern = *picked;
    if (never_twice_) pool_.erase(picked);
    return WorkOut(rng, problem_.digits, pattern, mix_.slip);
  }

 private:
  void Refill() {
    pool_.resize(kSignPatterns);
    std::iota(pool_.begin(), pool_.end(), 0);
  }

  int64_t Pick(RandomStream& rng) const {
    if (in_order_) return 0;
    if (!rng.Chance(mix_.guided)) return rng.Below(static_cast<int64_t>(pool_.size()));
    std::vector<int64_t> distances;
    for (int pattern : pool_)
      distances.push_back(std::abs(SignsValue(problem_.digits, pattern) - problem_.target));
    return static_cast<int64_t>(DrawNear(rng, distances, mix_.tau));
  }

  const CorpusMix& mix_;
  const SignsProblem& problem_;
  bool in_order_, never_twice_;
  std::vector<int> pool_;  // what the next try is picked from
};

std::string WriteDrill(RandomStream& rng) {
  std::string text;
  for (int i = 0; i < kDrillLines; ++i) {
    const DigitRow digits = DrawDigits(rng, /*held_out=*/false);
    const int pattern = static_cast<int>(rng.Below(kSignPatterns));
    text += WriteDrillLine(rng, WorkOut(rng, digits, pattern, /*slip=*/0), kClaims);
  }
  return text;
}

}  // namespace

Attempt WorkOut(RandomStream& rng, const DigitRow& digits, int pattern, double slip) {
  Attempt attempt{std::to_string(digits[0]), digits[0], SignsExpression(digits, pattern)};
  for (int i = 1; i < kSignsDigits; ++i) {
    const bool plus = Plus(pattern, i);
    attempt.result = Slipped(rng, slip, attempt.result + (plus ? digits[i] : -digits[i]));
    attempt.worked += (plus ? '+' : '-') + std::to_string(digits[i]);
    attempt.worked += '=' + std::to_string(attempt.result);
  }
  return attempt;
}

Document WriteSignsDocument(RandomStream& rng, const CorpusMix& mix) {
  if (rng.Chance(mix.drill)) return {"", WriteDrill(rng)};
  const SignsProblem problem = DrawSigns(rng, /*held_out=*/false);
  PatternSource source(rng, mix, problem);
  return {SignsPrompt(problem), WriteResponse(rng, mix, problem.target, source)};
}

std::vector<ProbeText> SignsProbeTexts(RandomStream& rng, int count) {
  std::vector<ProbeText> texts;
  while (static_cast<int>(texts.size()) < count) {
    const SignsProblem problem = DrawSigns(rng, /*held_out=*/false);
    const bool hit = texts.size() % 2 == 0;
    const int pattern = hit ? problem.pattern : static_cast<int>(rng.Below(kSignPatterns));
    if (!hit && SignsValue(problem.digits, pattern) == problem.target) continue;
    texts.push_back(
        {SignsPrompt(problem), WorkOut(rng, problem.digits, pattern, /*slip=*/0), problem.target});
  }
  return texts;
}

}  // namespace r1zero
