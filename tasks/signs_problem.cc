#include "tasks/signs_problem.h"

#include <algorithm>

#include "tasks/split.h"

namespace r1zero {

bool Plus(int pattern, int place) { return (pattern >> (kSignsDigits - 1 - place) & 1) == 0; }

int64_t SignsValue(const DigitRow& digits, int pattern) {
  int64_t value = digits[0];
  for (int i = 1; i < kSignsDigits; ++i) value += Plus(pattern, i) ? digits[i] : -digits[i];
  return value;
}

std::string SignsExpression(const DigitRow& digits, int pattern) {
  std::string text = std::to_string(digits[0]);
  for (int i = 1; i < kSignsDigits; ++i)
    text += (Plus(pattern, i) ? '+' : '-') + std::to_string(digits[i]);
  return text;
}

std::string SignsPrompt(const SignsProblem& problem) {
  return RowText(problem.digits) + "=" + std::to_string(problem.target) + ":";
}

std::string SignsGold(const SignsProblem& problem) {
  std::string numbers = RowText(problem.digits);
  std::replace(numbers.begin(), numbers.end(), ' ', ',');
  return "{\"numbers\":[" + numbers + "],\"target\":" + std::to_string(problem.target) + "}";
}

bool IsHeldOut(const DigitRow& digits) { return InHeldOutSplit(RowText(digits)); }

DigitRow DrawDigits(RandomStream& rng, bool held_out) {
  DigitRow digits;
  do {
    for (int64_t& digit : digits) digit = 1 + rng.Below(9);
  } while (IsHeldOut(digits) != held_out);
  return digits;
}

SignsProblem DrawSigns(RandomStream& rng, bool held_out) {
  SignsProblem problem;
  do {
    problem.digits = DrawDigits(rng, held_out);
    problem.pattern = static_cast<int>(rng.Below(kSignPatterns));
    problem.target = SignsValue(problem.digits, problem.pattern);
  } while (problem.target < 0);
  return problem;
}

}  // namespace r1zero
