#include "grpo/estimate_text.h"

#include <algorithm>
#include <iomanip>
#include <sstream>

namespace r1zero {

std::string Fixed(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string WithInterval(const Estimate& e, int digits) {
  return Fixed(e.value, digits) + " [" + Fixed(e.low, digits) + ", " + Fixed(e.high, digits) + "]";
}

std::string Left(std::string text, size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

}  // namespace r1zero
