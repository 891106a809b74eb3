// A rubric: several named rewards with weights, summed. The parts are kept apart for the metrics.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "reward/reward_config.h"
#include "reward/verifier.h"

namespace r1zero {

struct RewardPart {
  std::string name;  // "accuracy"
  double weight = 1;
  Verdict verdict;
};

struct Score {
  double reward = 0;       // weighted sum of the parts' scores; 0 if truncated or undecided
  bool undecided = false;  // some part is undecided: the group must be dropped, not scored 0
  std::vector<RewardPart> parts;
  std::string judged_sha256;  // of the completion text that was judged
};

// Immutable, thread-safe.
class Rubric {
 public:
  // `config` must be Resolved. Error for an unknown verifier, no part, a part twice, a bad weight.
  explicit Rubric(const RewardConfig& config);
  // A truncated completion has every part incorrect, for the reason "truncated". Never throws.
  Score Judge(const Judged& judged) const;

 private:
  struct Part {
    std::string name;
    double weight;
    std::shared_ptr<const Verifier> verifier;
  };
  std::vector<Part> parts_;
};

}  // namespace r1zero
