// A number as people write it under a word problem: 18, -3, $1,234.50, 25%, .5, 1/2, 18 dollars.
//
// Read exactly, in linear time, from ASCII digits only. Blanks, brackets, quotes, currency signs, %,
// words of Latin letters and these pieces of LaTeX may stand around it: \text \mathrm \mathbf
// \textbf \frac \dfrac \tfrac, \$ \% \! \, \( \) \[ \] and {,}. A percent sign changes nothing: 25%
// is 25.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

struct NumberReading {
  // The shortest decimal ("18", "-0.5"), or "1/3" in lowest terms where there is none. Two numbers
  // are equal exactly if these are.
  std::string normal;
  // Empty, or
  //   no_number    there is no digit
  //   two_answers  numbers that differ: 5 or 6
  //   bad_number   a wrong thousands separator (1,2,3,4), an operator (18+0), a word that scales it
  //                (18 million), letters grown together with it (x18, 5k), another alphabet's digits
  //   too_long     more than 64 digits; more than 18 in a fraction
  std::string_view fault;
};

// The one number of `text`. The same number twice is one: "18 = 18.00".
NumberReading ReadOneNumber(std::string_view text);

// The last number of `text`, whatever else there is. Its own form must be right: bad_number,
// too_long, no_number.
NumberReading ReadLastNumber(std::string_view text);

}  // namespace r1zero
