// The classes of characters that tokenizers cut text by, as Hugging Face's libraries have them.
#pragma once

#include <cstdint>

namespace r1zero {

enum class CharClass : uint8_t {
  kOther,
  kLetter,   // \p{L} of Unicode 16
  kNumber,   // \p{N} of Unicode 16
  kSpace,    // \s, but for the next
  kNewline,  // \r and \n
};

namespace unicode_internal {
CharClass ClassOfNonAscii(int32_t code_point);
constexpr CharClass ClassOfAscii(int c) {
  if (c == '\r' || c == '\n') return CharClass::kNewline;
  if (c == ' ' || (c >= '\t' && c <= '\f')) return CharClass::kSpace;
  if (c >= '0' && c <= '9') return CharClass::kNumber;
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ? CharClass::kLetter : CharClass::kOther;
}
struct AsciiTable {
  CharClass of[128];
  constexpr AsciiTable() : of() {
    for (int c = 0; c < 128; ++c) of[c] = ClassOfAscii(c);
  }
};
inline constexpr AsciiTable kAscii;
}  // namespace unicode_internal

inline CharClass ClassOf(int32_t code_point) {
  if (code_point < 0x80) [[likely]]
    return unicode_internal::kAscii.of[code_point];
  return unicode_internal::ClassOfNonAscii(code_point);
}

// Numeric in Unicode 17: what the Digits pre-tokenizer cuts at.
bool IsDigit(int32_t code_point);

// \w: letters, marks, decimal digits, connecting punctuation and joiners.
bool IsWordCharacter(int32_t code_point);

}  // namespace r1zero
