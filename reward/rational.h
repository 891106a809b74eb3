// Exact fractions of 128-bit integers, in lowest terms. Arithmetic that does not fit says so.
#pragma once

#include <cstdint>
#include <optional>

namespace r1zero {

using Int128 = __int128;

struct Rational {
  Int128 numerator = 0;
  Int128 denominator = 1;  // > 0, coprime to the numerator
  bool operator==(const Rational&) const = default;
};

// Nothing if a product or a sum on the way is outside 128 bits.
std::optional<Rational> Add(const Rational& a, const Rational& b);
std::optional<Rational> Subtract(const Rational& a, const Rational& b);
std::optional<Rational> Multiply(const Rational& a, const Rational& b);
std::optional<Rational> Divide(const Rational& a, const Rational& b);  // b != 0

}  // namespace r1zero
