#include "reward/expression.h"

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "reward/answer.h"

namespace r1zero {
namespace {

bool IsDigit(char c) { return '0' <= c && c <= '9'; }

std::string WithAsciiSigns(std::string_view text) {
  constexpr std::pair<std::string_view, char> kSigns[] = {
      {"\u2212", '-'}, {"\u00d7", '*'}, {"\u00f7", '/'}};
  std::string ascii;
  while (!text.empty()) {
    size_t length = 1;
    char written = text[0];
    for (const auto& [sign, plain] : kSigns) {
      if (!text.starts_with(sign)) continue;
      length = sign.size();
      written = plain;
    }
    ascii += written;
    text.remove_prefix(length);
  }
  return ascii;
}

// Each method reads its rule of the grammar and leaves `rest_` behind it; after a fault nothing
// more is read.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  Equation Parse() {
    Expression();
    if (Take('=')) {
      const bool negative = Take('-');
      const auto number = Number();
      if (number) equation_.claimed = negative ? -*number : *number;
    }
    if (Peek() != 0 || !rest_.empty()) Fault("bad_expression");
    return std::move(equation_);
  }

 private:
  void Expression() {
    Term();
    while (const char sign = TakeOneOf('+', '-')) {
      Term();
      Operator(sign);
    }
  }

  void Term() {
    Factor();
    while (const char sign = TakeOneOf('*', '/')) {
      Factor();
      Operator(sign);
    }
  }

  void Factor() {
    if (!Take('(')) {
      if (const auto number = Number()) {
        equation_.postfix.push_back({0, *number});
        equation_.numbers.push_back(*number);
      }
      return;
    }
    if (++depth_ > kMaxExpressionDepth) return Fault("too_deep");
    Expression();
    --depth_;
    if (!Take(')')) Fault("bad_expression");
  }

  // Too many digits read as the largest number, which no gold has.
  std::optional<int64_t> Number() {
    if (!IsDigit(Peek())) {
      Fault("bad_expression");
      return std::nullopt;
    }
    const size_t length = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const std::string digits(rest_.substr(0, length));
    rest_.remove_prefix(length);
    if (digits.size() > 1 && digits[0] == '0') Fault("bad_expression");
    return digits.size() > 18 ? std::numeric_limits<int64_t>::max() : std::stoll(digits);
  }

  void Operator(char sign) { equation_.postfix.push_back({sign, 0}); }

  char Peek() {
    const size_t begin = rest_.find_first_not_of(kBlanks);
    rest_.remove_prefix(std::min(begin, rest_.size()));
    return rest_.empty() ? '\0' : rest_[0];
  }

  bool Take(char wanted) {
    if (Peek() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  char TakeOneOf(char a, char b) { return Take(a) ? a : Take(b) ? b : '\0'; }

  void Fault(std::string_view fault) {
    if (equation_.fault.empty()) equation_.fault = fault;
    rest_ = {};
  }

  std::string_view rest_;
  int depth_ = 0;
  Equation equation_;
};

std::optional<Rational> Apply(char sign, const Rational& a, const Rational& b) {
  switch (sign) {
    case '+': return Add(a, b);
    case '-': return Subtract(a, b);
    case '*': return Multiply(a, b);
    default: return Divide(a, b);
  }
}

}  // namespace

Equation ParseEquation(std::string_view text) {
  if (text.size() > kMaxExpressionBytes) return {.fault = "too_long"};
  const std::string ascii = WithAsciiSigns(text);
  return Parser(ascii).Parse();
}

Value Evaluate(const std::vector<Symbol>& postfix) {
  std::vector<Rational> stack;
  for (const auto& [sign, number] : postfix) {
    if (sign == 0) {
      stack.push_back({number, 1});
      continue;
    }
    const Rational b = stack.back();
    stack.pop_back();
    if (sign == '/' && b.numerator == 0) return {{}, "division_by_zero"};
    const auto result = Apply(sign, stack.back(), b);
    if (!result) return {{}, "overflow"};
    stack.back() = *result;
  }
  return {stack.back(), ""};
}

}  // namespace r1zero
