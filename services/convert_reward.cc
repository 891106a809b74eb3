#include "services/convert_reward.h"

#include "common/error.h"

namespace r1zero {
namespace {

v1::Verdict::Outcome OutcomeToProto(Outcome outcome) {
  switch (outcome) {
    case Outcome::kIncorrect: return v1::Verdict::INCORRECT;
    case Outcome::kCorrect: return v1::Verdict::CORRECT;
    case Outcome::kUndecided: break;
  }
  return v1::Verdict::UNDECIDED;
}

Outcome OutcomeFromProto(v1::Verdict::Outcome outcome) {
  switch (outcome) {
    case v1::Verdict::INCORRECT: return Outcome::kIncorrect;
    case v1::Verdict::CORRECT: return Outcome::kCorrect;
    case v1::Verdict::UNDECIDED: return Outcome::kUndecided;
    default: Fail("outcome is ", static_cast<int>(outcome), ", expected 1, 2 or 3");
  }
}

}  // namespace

void RubricToProto(const RewardConfig& config,
                   google::protobuf::RepeatedPtrField<v1::RubricItem>* items) {
  for (const auto& [name, weight] : config.weights) {
    v1::RubricItem* item = items->Add();
    item->set_name(name);
    item->set_verifier(VerifierOf(config, name));
    item->set_weight(weight);
  }
}

RewardConfig RubricFromProto(const google::protobuf::RepeatedPtrField<v1::RubricItem>& items) {
  RewardConfig config{.weights = {}};
  for (int i = 0; i < items.size(); ++i) {
    const v1::RubricItem& item = items[i];
    if (item.name() == "accuracy") config.accuracy = item.verifier();
    if (item.name() == "format") config.format = item.verifier();
    Require(VerifierOf(config, item.name()) == item.verifier(), "rubric[", i, "].verifier is '",
            item.verifier(), "', expected '", item.name(),
            "': only the parts 'accuracy' and 'format' may have a verifier of another name");
    config.weights.emplace_back(item.name(), item.weight());
  }
  return config;
}

v1::ScoreItem ToProto(const Judged& judged) {
  v1::ScoreItem item;
  item.set_prompt(judged.prompt);
  item.set_completion(judged.completion);
  item.set_gold(judged.gold);
  item.set_truncated(judged.truncated);
  item.set_random_key(judged.random_key);
  return item;
}

Judged FromProto(const v1::ScoreItem& item) {
  return {.prompt = item.prompt(),
          .completion = item.completion(),
          .gold = item.gold(),
          .truncated = item.truncated(),
          .random_key = item.random_key()};
}

v1::ScoreResult ToProto(const Score& score) {
  v1::ScoreResult result;
  result.set_reward(score.reward);
  result.set_undecided(score.undecided);
  result.set_judged_sha256(score.judged_sha256);
  for (const RewardPart& part : score.parts) {
    v1::Verdict* verdict = result.add_verdicts();
    verdict->set_name(part.name);
    verdict->set_weight(part.weight);
    verdict->set_outcome(OutcomeToProto(part.verdict.outcome));
    verdict->set_score(part.verdict.score);
    verdict->set_reason(part.verdict.reason);
    verdict->set_extracted(part.verdict.extracted);
    verdict->set_verifier(part.verdict.verifier);
  }
  return result;
}

Score FromProto(const v1::ScoreResult& result) {
  Score score{.reward = result.reward(),
              .undecided = result.undecided(),
              .judged_sha256 = result.judged_sha256()};
  for (const v1::Verdict& verdict : result.verdicts()) {
    score.parts.push_back({.name = verdict.name(),
                           .weight = verdict.weight(),
                           .verdict = {.outcome = OutcomeFromProto(verdict.outcome()),
                                       .score = verdict.score(),
                                       .reason = verdict.reason(),
                                       .extracted = verdict.extracted(),
                                       .verifier = verdict.verifier()}});
  }
  return score;
}

}  // namespace r1zero
