#include "reward/reward_config.h"

#include "reward/verifier.h"

namespace r1zero {

void Describe(Fields& f, RewardConfig& c) {
  std::vector<std::string> choices = VerifierNames();
  f.Key("format", c.format, "verifier of the part \"format\"; answer_tag asks for no <think>",
        choices);
  choices.insert(choices.begin(), "auto");
  f.Key("accuracy", c.accuracy, "verifier of the part \"accuracy\"; auto: the task's own", choices);
  f.Key("weights", c.weights,
        "parts of the reward: accuracy, format or a verifier's name = weight; 0: measured, not "
        "rewarded");
}

const std::string& VerifierOf(const RewardConfig& config, const std::string& part) {
  if (part == "accuracy") return config.accuracy;
  return part == "format" ? config.format : part;
}

RewardConfig Resolved(RewardConfig config, const std::string& accuracy_verifier) {
  if (config.accuracy == "auto") config.accuracy = accuracy_verifier;
  return config;
}

}  // namespace r1zero
