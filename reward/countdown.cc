#include <algorithm>

#include "reward/answer.h"
#include "reward/expression.h"
#include "reward/numbers_gold.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

class Countdown : public Verifier {
 public:
  std::string name() const override { return "countdown@1"; }

  std::string CheckGold(const std::string& gold) const override {
    return ReadNumbersGold(gold).fault;
  }

  Verdict Judge(const Judged& judged) const override {
    const NumbersGold gold = ReadNumbersGold(judged.gold);
    if (!gold.fault.empty()) return Undecided("bad_gold");
    const auto [answer, fault] = FindAnswer(judged.completion);
    if (!fault.empty()) return Incorrect(fault);
    const Equation equation = ParseEquation(answer);
    if (!equation.fault.empty()) return Incorrect(equation.fault, answer);
    // Before the value: with the gold's own small numbers nothing can overflow.
    if (!std::is_permutation(equation.numbers.begin(), equation.numbers.end(), gold.numbers.begin(),
                             gold.numbers.end()))
      return Incorrect("wrong_numbers", answer);
    if (equation.claimed.value_or(gold.target) != gold.target)
      return Incorrect("wrong_claim", answer);
    const Value result = Evaluate(equation.postfix);
    if (result.fault == "overflow") return Undecided("overflow", answer);
    if (!result.fault.empty()) return Incorrect(result.fault, answer);
    const bool equal = result.value == Rational{gold.target, 1};
    return equal ? Correct("equal", answer) : Incorrect("wrong_value", answer);
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeCountdownVerifier() { return std::make_unique<Countdown>(); }

}  // namespace r1zero
