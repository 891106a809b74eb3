// UTF-8 as Unicode defines it: no surrogates, nothing beyond U+10FFFF, no longer form than needed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace r1zero {

struct CodePoint {
  int32_t value;
  int32_t size;  // bytes
};

// The first character of text that is valid UTF-8 and not empty.
inline CodePoint FirstCodePoint(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const int32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  if (lead < 0xE0) return {(lead & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (lead < 0xF0) return {(lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  return {(lead & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F),
          4};
}

// How the next character of any bytes looks. REQUIRES bytes that are not empty.
struct Utf8Prefix {
  size_t size;      // of the character; else of the longest part that begins one, at least 1
  bool is_valid;    // a whole character
  bool is_cut_off;  // no mistake yet: the bytes end within the character
};
Utf8Prefix ReadUtf8(std::string_view bytes);

// The bytes before the first that is not ASCII.
size_t AsciiSize(std::string_view bytes);

// The offset of the first byte that is not part of a valid character; bytes.size() if there is none.
size_t ValidUtf8Size(std::string_view bytes);

// The bytes with one U+FFFD in the place of each part that is no character: the longest beginning of
// one, or a single byte (the practice that Unicode 3.9 recommends; Rust's from_utf8_lossy).
std::string ToValidUtf8(std::string_view bytes);

void AppendUtf8(int32_t code_point, std::string& text);

}  // namespace r1zero
