// Numbers and columns of the tables that a person reads.
#pragma once

#include <cstddef>
#include <string>

#include "grpo/estimators.h"

namespace r1zero {

std::string Fixed(double value, int digits);              // "0.203"
std::string WithInterval(const Estimate& e, int digits);  // "0.203 [0.193, 0.213]"
std::string Left(std::string text, size_t width);         // with blanks behind it up to `width`

}  // namespace r1zero
