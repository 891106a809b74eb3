// The problems of `signs`: put + or - between four digits, kept in order, to make a target.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "common/philox.h"

namespace r1zero {

inline constexpr int kSignsDigits = 4;
inline constexpr int kSignPatterns = 8;  // pattern 0 is +++, 1 is ++-, ..., 7 is ---

using DigitRow = std::array<int64_t, kSignsDigits>;  // digits 1..9

struct SignsProblem {
  DigitRow digits;
  int64_t target = 0;  // >= 0, reached by at least one pattern
  int pattern = 0;     // the one that it was made with: a uniform choice among its solutions
};

bool Plus(int pattern, int place);  // the sign before digits[place], place 1..3
int64_t SignsValue(const DigitRow& digits, int pattern);
std::string SignsExpression(const DigitRow& digits, int pattern);  // "6-6+8+8"
std::string SignsPrompt(const SignsProblem& problem);              // "6 6 8 8=16:"
std::string SignsGold(const SignsProblem& problem);  // {"numbers":[6,6,8,8],"target":16}

// A tenth of the 6,561 rows are held out.
bool IsHeldOut(const DigitRow& digits);

// Uniform over the rows of its side of the split.
DigitRow DrawDigits(RandomStream& rng, bool held_out);
// Digits and pattern uniform, redrawn while the value is negative.
SignsProblem DrawSigns(RandomStream& rng, bool held_out);

}  // namespace r1zero
