#include "reward/answer.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

// A completion without answer tags is judged whole, less its thinking.
AnswerRegion AnswerOrRest(std::string_view completion) {
  const AnswerRegion answer = FindAnswer(completion);
  if (answer.fault != "no_answer") return answer;
  constexpr std::string_view kThink = "<think>", kEndThink = "</think>";
  const size_t end = completion.rfind(kEndThink);
  if (end != completion.npos) completion.remove_prefix(end + kEndThink.size());
  if (completion.find(kThink) != completion.npos) return answer;
  return {completion, ""};
}

class Exact : public Verifier {
 public:
  std::string name() const override { return "exact@1"; }

  std::string CheckGold(const std::string& gold) const override {
    return TrimBlanks(gold).empty() ? "the gold is empty" : "";
  }

  Verdict Judge(const Judged& judged) const override {
    const std::string gold = FoldBlanks(judged.gold);
    if (gold.empty()) return Undecided("bad_gold");
    const auto [region, fault] = AnswerOrRest(judged.completion);
    if (!fault.empty()) return Incorrect(fault);
    const std::string answer = FoldBlanks(region);
    if (answer.empty()) return Incorrect("no_answer");
    return answer == gold ? Correct("equal", answer) : Incorrect("different", answer);
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeExactVerifier() { return std::make_unique<Exact>(); }

}  // namespace r1zero
