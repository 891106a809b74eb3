// LaTeX's \boxed{..}, with which a text marks its answer.
#pragma once

#include <string_view>

namespace r1zero {

// The last \boxed{ of a text, with braces matched; \{ and \} are text.
struct Boxed {
  bool is_found = false;
  bool is_closed = false;
  std::string_view content;  // a part of the text; empty unless it is closed
};
Boxed LastBoxed(std::string_view text);

}  // namespace r1zero
