// Arithmetic as a policy writes it: whole numbers, + - * / and parentheses. Never evaluated as
// code.
//
//   equation    = expression [ "=" [ "-" ] number ]
//   expression  = term { ( "+" | "-" ) term }
//   term        = factor { ( "*" | "/" ) factor }
//   factor      = number | "(" expression ")"
//
// Blanks may stand between symbols. A number is 0 or starts with 1..9. The signs U+2212, U+00D7 and
// U+00F7 are read as - * /. All else is refused: a sign in front, ** and //, decimals, names,
// "3(5)".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "reward/rational.h"

namespace r1zero {

inline constexpr size_t kMaxExpressionBytes = 1024;
inline constexpr int kMaxExpressionDepth = 32;  // of parentheses

// One symbol in postfix order: an operator, or a number if `sign` is 0.
struct Symbol {
  char sign = 0;
  int64_t number = 0;
};

struct Equation {
  std::vector<Symbol> postfix;
  std::vector<int64_t> numbers;    // those of the expression, in its order
  std::optional<int64_t> claimed;  // after "="
  std::string_view fault;          // empty, or too_long, too_deep, bad_expression
};
Equation ParseEquation(std::string_view text);

struct Value {
  Rational value;
  std::string_view fault;  // empty, or division_by_zero, overflow
};
Value Evaluate(const std::vector<Symbol>& postfix);

}  // namespace r1zero
