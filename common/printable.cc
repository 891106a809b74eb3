#include "common/printable.h"

#include <algorithm>

namespace r1zero {
namespace {

bool IsPlain(unsigned char c) { return c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f); }
bool Continues(unsigned char c) { return (c & 0xc0) == 0x80; }

// Of the character of several bytes that begins here; 0 if there is none, or one that steers a terminal
// (U+0080 to U+009F).
size_t LengthAt(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                                                      : 0;
  if (length == 0 || text.size() < length) return 0;
  const bool is_whole = std::ranges::all_of(text.substr(1, length - 1), Continues);
  const bool is_control = lead == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0;
  return is_whole && !is_control ? length : 0;
}

std::string Escaped(unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string shown;
  for (size_t at = 0; at < text.size();) {
    const size_t length = IsPlain(text[at]) ? 1 : LengthAt(text.substr(at));
    shown += length > 0 ? std::string(text.substr(at, length)) : Escaped(text[at]);
    at += std::max<size_t>(1, length);
  }
  return shown;
}

}  // namespace r1zero
