#include <algorithm>

#include "reward/answer.h"
#include "reward/numbers_gold.h"
#include "reward/rules.h"

namespace r1zero {
namespace {

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

// digit, or digits with one sign between neighbours.
bool IsSignedDigits(std::string_view text) {
  if (text.size() % 2 == 0) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (i % 2 == 0 ? !IsDigit(text[i]) : text[i] != '+' && text[i] != '-') return false;
  return true;
}

class Signs : public Verifier {
 public:
  std::string name() const override { return "signs@1"; }

  std::string CheckGold(const std::string& gold) const override { return Read(gold).fault; }

  Verdict Judge(const Judged& judged) const override {
    const NumbersGold gold = Read(judged.gold);
    if (!gold.fault.empty()) return Undecided("bad_gold");
    const auto [answer, fault] = FindAnswer(judged.completion);
    if (!fault.empty()) return Incorrect(fault);
    if (!IsSignedDigits(answer)) return Incorrect("bad_expression", answer);
    if (answer.size() != 2 * gold.numbers.size() - 1) return Incorrect("wrong_numbers", answer);
    int64_t value = 0;
    for (size_t i = 0; i < gold.numbers.size(); ++i) {
      const int64_t digit = answer[2 * i] - '0';
      if (digit != gold.numbers[i]) return Incorrect("wrong_numbers", answer);
      value += i > 0 && answer[2 * i - 1] == '-' ? -digit : digit;
    }
    return value == gold.target ? Correct("equal", answer) : Incorrect("wrong_value", answer);
  }

 private:
  static NumbersGold Read(const std::string& text) {
    NumbersGold gold = ReadNumbersGold(text);
    const auto is_digit = [](int64_t number) { return number <= 9; };
    if (!std::all_of(gold.numbers.begin(), gold.numbers.end(), is_digit))
      gold.fault = "\"numbers\" has a number above 9, signs knows digits only";
    return gold;
  }
};

}  // namespace

std::unique_ptr<const Verifier> MakeSignsVerifier() { return std::make_unique<Signs>(); }

}  // namespace r1zero
