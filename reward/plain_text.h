// LaTeX and typography around a number, made plain for reward/plain_number.h.
#pragma once

#include <string>
#include <string_view>

namespace r1zero {

inline constexpr char kNotPlain = '\x01';  // stands for a character that has no plain form

// ASCII: minus signs become -, currency signs $, typographic blanks and quotes and LaTeX's spacing
// and \text blanks, accented Latin letters a, \frac{1}{2} 1/2, {,} a comma; ** around the whole is
// taken off. What is not known becomes kNotPlain. Linear time.
std::string PlainText(std::string_view text);

}  // namespace r1zero
