#include "kernels/rope_frequencies.h"

#include <numbers>

namespace r1zero::kernels {
namespace {

double Power(double base, int exponent) {
  double power = 1;
  for (int i = 0; i < exponent; ++i) power *= base;
  return power;
}

// x^(1/n) for x > 1, by bisection down to neighbouring doubles: only operations that IEEE 754
// rounds the same way everywhere, which std::pow is not.
double Root(double x, int n) {
  double low = 1, high = x;
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return low;
    (Power(middle, n) <= x ? low : high) = middle;
  }
}

double Scaled(double frequency, const RopeScaling& s) {
  const double original = static_cast<double>(s.original_max_positions);
  const double turn = 2 * std::numbers::pi / frequency;
  if (turn < original / s.high_freq_factor) return frequency;
  if (turn > original / s.low_freq_factor) return frequency / s.factor;
  const double share =
      (original / turn - s.low_freq_factor) / (s.high_freq_factor - s.low_freq_factor);
  return (1 - share) * frequency / s.factor + share * frequency;
}

}  // namespace

std::vector<double> RopeFrequencies(int head_width, double theta, const RopeScaling& scaling) {
  const int half_width = head_width / 2;
  const double root = Root(theta, half_width);
  std::vector<double> frequencies;
  for (int i = 0; i < half_width; ++i) {
    const double frequency = 1 / Power(root, i);
    frequencies.push_back(scaling.is_on() ? Scaled(frequency, scaling) : frequency);
  }
  return frequencies;
}

}  // namespace r1zero::kernels
