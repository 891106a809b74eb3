#include "policy/unicode_class.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>

namespace r1zero {
namespace {

struct Range {
  int32_t first, last;
};

// What Unicode 15.1 and 16 added: libutf8proc may be older.
constexpr Range kNewLetters[] = {
    {0x1C89, 0x1C8A},   {0xA7CB, 0xA7CD},   {0xA7DA, 0xA7DC},   {0x105C0, 0x105F3},
    {0x10D4A, 0x10D65}, {0x10D6F, 0x10D85}, {0x10EC2, 0x10EC4}, {0x11380, 0x11389},
    {0x1138B, 0x1138B}, {0x1138E, 0x1138E}, {0x11390, 0x113B5}, {0x113B7, 0x113B7},
    {0x113D1, 0x113D1}, {0x113D3, 0x113D3}, {0x11BC0, 0x11BE0}, {0x13460, 0x143FA},
    {0x16100, 0x1611D}, {0x16D40, 0x16D6C}, {0x18CFF, 0x18CFF}, {0x1E5D0, 0x1E5ED},
    {0x1E5F0, 0x1E5F0}, {0x2EBF0, 0x2EE5D}};
constexpr Range kNewNumbers[] = {{0x10D40, 0x10D49}, {0x116D0, 0x116E3}, {0x11BF0, 0x11BF9},
                                 {0x16130, 0x16139}, {0x16D70, 0x16D79}, {0x1CCF0, 0x1CCF9},
                                 {0x1E5F1, 0x1E5FA}};
constexpr Range kNumbersOf17[] = {{0x11DE0, 0x11DE9}, {0x16FF4, 0x16FF6}};
// Symbols that Unicode counts as alphabetic: circled and squared letters.
constexpr Range kAlphabeticSymbols[] = {
    {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};

template <size_t n>
bool IsIn(const Range (&ranges)[n], int32_t c) {
  const Range* range = std::ranges::lower_bound(ranges, c, {}, &Range::last);
  return range != std::end(ranges) && range->first <= c;
}

bool IsLetterCategory(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool IsNumberCategory(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
}

bool IsSpaceCategory(utf8proc_category_t category) {
  return category >= UTF8PROC_CATEGORY_ZS && category <= UTF8PROC_CATEGORY_ZP;
}

}  // namespace

CharClass unicode_internal::ClassOfNonAscii(int32_t c) {
  const utf8proc_category_t category = utf8proc_category(c);
  if (IsLetterCategory(category)) return CharClass::kLetter;
  if (IsNumberCategory(category)) return CharClass::kNumber;
  if (IsSpaceCategory(category) || c == 0x85) return CharClass::kSpace;
  if (category != UTF8PROC_CATEGORY_CN) return CharClass::kOther;
  if (IsIn(kNewLetters, c)) return CharClass::kLetter;
  return IsIn(kNewNumbers, c) ? CharClass::kNumber : CharClass::kOther;
}

bool IsDigit(int32_t c) {
  return ClassOf(c) == CharClass::kNumber || (c >= 0x80 && IsIn(kNumbersOf17, c));
}

bool IsWordCharacter(int32_t c) {
  const utf8proc_category_t category = utf8proc_category(c);
  if (IsLetterCategory(category) || category == UTF8PROC_CATEGORY_ND) return true;
  if (category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME) return true;
  if (category == UTF8PROC_CATEGORY_NL || category == UTF8PROC_CATEGORY_PC) return true;
  return c == 0x200C || c == 0x200D || IsIn(kAlphabeticSymbols, c) || IsIn(kNewLetters, c);
}

}  // namespace r1zero
