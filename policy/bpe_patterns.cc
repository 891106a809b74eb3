#include "policy/bpe_patterns.h"

#include <algorithm>

#include "policy/unicode_class.h"
#include "policy/utf8.h"

namespace r1zero {
namespace {

struct Pattern {
  const char* of;
  std::string_view regex;
  PieceSize matcher;
};

constexpr Pattern kPatterns[] = {
    {"GPT-2", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     Gpt2Piece},
    {"GPT-2", R"('(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)",
     Gpt2Piece},
    {"Qwen2, Qwen2.5, Qwen3",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
     R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
     QwenPiece},
    {"Llama 3",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
     R"(\s*[\r\n]+|\s+(?!\S)|\s+)",
     Llama3Piece}};

// Reads a text character by character.
struct Cursor {
  std::string_view text;
  size_t at = 0;

  bool done() const { return at == text.size(); }
  CharClass Class() const {  // REQUIRES !done()
    const auto byte = static_cast<unsigned char>(text[at]);
    if (byte < 0x80) [[likely]]
      return unicode_internal::kAscii.of[byte];
    return ClassOf(FirstCodePoint(text.substr(at)).value);
  }
  bool Is(CharClass c) const { return !done() && Class() == c; }
  bool IsSpace() const { return Is(CharClass::kSpace) || Is(CharClass::kNewline); }
  void Skip() {
    const auto lead = static_cast<unsigned char>(text[at]);
    at += lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  }
  void SkipAll(CharClass c) {
    while (Is(c)) Skip();
  }
  size_t AfterAll(CharClass c) {
    SkipAll(c);
    return at;
  }
};

// 's, 't, 're, 've, 'm, 'll or 'd at the beginning: its size, or 0.
size_t Contraction(std::string_view text) {
  if (text.size() < 2) return 0;
  if (std::string_view("stmd").find(text[1]) != std::string_view::npos) return 2;
  const std::string_view two = text.substr(1, 2);
  return two == "re" || two == "ve" || two == "ll" ? 3 : 0;
}

// The same in capitals too. The long s (U+017F) is an s of another case.
size_t AnyCaseContraction(std::string_view text) {
  if (text.substr(1).starts_with("\xC5\xBF")) return 3;
  char lower[3] = {'\'', 0, 0};
  const size_t n = std::min<size_t>(3, text.size());
  for (size_t i = 1; i < n; ++i)
    lower[i] = text[i] >= 'A' && text[i] <= 'Z' ? static_cast<char>(text[i] - 'A' + 'a') : text[i];
  return Contraction({lower, n});
}

// \s+(?!\S)|\s+ : a space before something else is left to that, if there are others.
size_t SpacePiece(std::string_view text) {
  Cursor cursor{text};
  size_t last = 0;
  while (cursor.IsSpace()) {
    last = cursor.at;
    cursor.Skip();
  }
  return cursor.done() || last == 0 ? cursor.at : last;
}

// \s*[\r\n]+ : up to the last line end of the white space, or 0.
size_t LinesPiece(std::string_view text) {
  size_t end = 0;
  for (Cursor cursor{text}; cursor.IsSpace();) {
    const bool is_newline = cursor.Is(CharClass::kNewline);
    cursor.Skip();
    if (is_newline) end = cursor.at;
  }
  return end;
}

template <int max_digits>
size_t Number(std::string_view text) {
  Cursor cursor{text};
  for (int digits = 0; digits < max_digits && cursor.Is(CharClass::kNumber); ++digits)
    cursor.Skip();
  return cursor.at;
}

template <int max_digits>
size_t ModernPiece(std::string_view text) {
  if (text[0] == '\'')
    if (const size_t size = AnyCaseContraction(text)) return size;
  Cursor cursor{text};
  const CharClass first = cursor.Class();
  if (first == CharClass::kNumber) return Number<max_digits>(text);
  if (first == CharClass::kNewline) return LinesPiece(text);
  cursor.Skip();
  if (first == CharClass::kLetter || cursor.Is(CharClass::kLetter))
    return cursor.AfterAll(CharClass::kLetter);
  if (first == CharClass::kOther || (text[0] == ' ' && cursor.Is(CharClass::kOther))) {
    cursor.SkipAll(CharClass::kOther);
    return cursor.AfterAll(CharClass::kNewline);
  }
  const size_t lines = LinesPiece(text);
  return lines > 0 ? lines : SpacePiece(text);
}

}  // namespace

size_t Gpt2Piece(std::string_view text) {
  if (text[0] == '\'')
    if (const size_t size = Contraction(text)) return size;
  Cursor cursor{text};
  if (text[0] == ' ') cursor.Skip();
  if (cursor.done() || cursor.IsSpace()) return SpacePiece(text);
  const CharClass c = cursor.Class();
  cursor.Skip();
  return cursor.AfterAll(c);
}

size_t QwenPiece(std::string_view text) { return ModernPiece<1>(text); }
size_t Llama3Piece(std::string_view text) { return ModernPiece<3>(text); }

PieceSize FindPattern(std::string_view regex) {
  const auto found = std::ranges::find(kPatterns, regex, &Pattern::regex);
  return found == std::end(kPatterns) ? nullptr : found->matcher;
}

std::string KnownPatterns() {
  std::string known;
  for (const Pattern& pattern : kPatterns)
    known += "\n  " + std::string(pattern.regex) + "  (" + pattern.of + ")";
  return known;
}

}  // namespace r1zero
