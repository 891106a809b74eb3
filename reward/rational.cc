#include "reward/rational.h"

#include <utility>

namespace r1zero {
namespace {

constexpr Int128 kLimit = Int128{1} << 126;  // the sum of two that fit is still an Int128

bool Fits(Int128 x) { return -kLimit < x && x < kLimit; }

std::optional<Int128> Product(Int128 a, Int128 b) {
  Int128 product;
  if (__builtin_mul_overflow(a, b, &product) || !Fits(product)) return std::nullopt;
  return product;
}

Int128 GreatestCommonDivisor(Int128 a, Int128 b) {
  while (b != 0) a = std::exchange(b, a % b);
  return a < 0 ? -a : a;
}

Rational Reduced(Int128 numerator, Int128 denominator) {
  Int128 divisor = GreatestCommonDivisor(numerator, denominator);
  if (denominator < 0) divisor = -divisor;
  return {numerator / divisor, denominator / divisor};
}

}  // namespace

std::optional<Rational> Add(const Rational& a, const Rational& b) {
  const auto left = Product(a.numerator, b.denominator);
  const auto right = Product(b.numerator, a.denominator);
  const auto denominator = Product(a.denominator, b.denominator);
  if (!left || !right || !denominator || !Fits(*left + *right)) return std::nullopt;
  return Reduced(*left + *right, *denominator);
}

std::optional<Rational> Subtract(const Rational& a, const Rational& b) {
  return Add(a, {-b.numerator, b.denominator});
}

std::optional<Rational> Multiply(const Rational& a, const Rational& b) {
  const auto numerator = Product(a.numerator, b.numerator);
  const auto denominator = Product(a.denominator, b.denominator);
  if (!numerator || !denominator) return std::nullopt;
  return Reduced(*numerator, *denominator);
}

std::optional<Rational> Divide(const Rational& a, const Rational& b) {
  const auto numerator = Product(a.numerator, b.denominator);
  const auto denominator = Product(a.denominator, b.numerator);
  if (!numerator || !denominator) return std::nullopt;
  return Reduced(*numerator, *denominator);
}

}  // namespace r1zero
