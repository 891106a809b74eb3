#include "common/philox.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

class Random : public Verifier {
 public:
  std::string name() const override { return "random@1"; }
  std::string CheckGold(const std::string&) const override { return ""; }

  Verdict Judge(const Judged& judged) const override {
    const bool drawn = RandomStream(judged.random_key, RandomPurpose::kReward).Chance(0.5);
    return drawn ? Correct("drawn") : Incorrect("not_drawn");
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeRandomVerifier() { return std::make_unique<Random>(); }

}  // namespace r1zero
