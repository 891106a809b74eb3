#include "common/boxed.h"

#include <cstddef>
#include <cstdint>

namespace r1zero {

Boxed LastBoxed(std::string_view text) {
  constexpr std::string_view kOpen = "\\boxed{";
  const size_t open = text.rfind(kOpen);
  if (open == text.npos) return {};
  const size_t begin = open + kOpen.size();
  int64_t depth = 1;
  for (size_t i = begin; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return {.is_found = true, .is_closed = true, .content = text.substr(begin, i - begin)};
    }
  }
  return {.is_found = true};
}

}  // namespace r1zero
