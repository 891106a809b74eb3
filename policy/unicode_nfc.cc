#include "policy/unicode_nfc.h"

#include <utf8proc.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "policy/utf8.h"

namespace r1zero {
namespace {

struct Range {
  int32_t first, last;
};

// Characters with a combining class, and second halves of compositions, that came after Unicode 9.
constexpr Range kAfterUnicode9[] = {
    {0x7FD, 0x7FD},     {0x898, 0x89F},     {0x8CA, 0x8D3},     {0x9FE, 0x9FE},
    {0xC3C, 0xC3C},     {0xD3B, 0xD3C},     {0xEBA, 0xEBA},     {0x1715, 0x1715},
    {0x1ABF, 0x1ACE},   {0x1DF6, 0x1DFA},   {0xA82C, 0xA82C},   {0x10D24, 0x10D27},
    {0x10EAB, 0x10EAC}, {0x10EFD, 0x10EFF}, {0x10F46, 0x10F50}, {0x10F82, 0x10F85},
    {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x1145E, 0x1145E}, {0x11839, 0x1183A},
    {0x11930, 0x11930}, {0x1193D, 0x1193E}, {0x11943, 0x11943}, {0x119E0, 0x119E0},
    {0x11A34, 0x11A34}, {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D42},
    {0x11D44, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42}, {0x16FF0, 0x16FF1},
    {0x1E08F, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF},
    {0x1E4EC, 0x1E4EF}};

// Blocks of characters that are in NFC by themselves and never join the character before.
constexpr Range kInert[] = {
    {0x0, 0x2FF},       {0x400, 0x482},    {0x48A, 0x52F},   {0x2010, 0x2027}, {0x2030, 0x205E},
    {0x2070, 0x20CF},   {0x2190, 0x21FF},  {0x2500, 0x2AD0}, {0x3000, 0x3029}, {0x3041, 0x3096},
    {0x30A1, 0x30FA},   {0x3400, 0x4DBF},  {0x4E00, 0x9FFF}, {0xAC00, 0xD7A3}, {0xFF01, 0xFFEF},
    {0x1F300, 0x1FAFF}, {0x20000, 0x2A6DF}};

constexpr auto kOptions = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);

template <size_t n>
bool IsIn(const Range (&ranges)[n], int32_t c) {
  const Range* range = std::ranges::lower_bound(ranges, c, {}, &Range::last);
  return range != std::end(ranges) && range->first <= c;
}

int CombiningClass(int32_t c) {
  if (c < 0x300 || IsIn(kAfterUnicode9, c)) return 0;
  return utf8proc_get_property(c)->combining_class;
}

// Appends the canonical decomposition of one character.
void Decompose(int32_t c, std::vector<int32_t>& out) {
  constexpr int kLongest = 32;
  utf8proc_int32_t parts[kLongest];
  const auto n = c < 0xC0 ? -1 : utf8proc_decompose_char(c, parts, kLongest, kOptions, nullptr);
  const bool is_newer = n > 1 && n <= kLongest && IsIn(kAfterUnicode9, parts[n - 1]);
  if (n <= 0 || n > kLongest || is_newer) return out.push_back(c);
  out.insert(out.end(), parts, parts + n);
}

// Marks in a row are sorted by their class, equal ones as they are.
void Order(std::vector<int32_t>& text) {
  for (auto at = text.begin(); at != text.end(); ++at) {
    if (CombiningClass(*at) == 0) continue;
    const auto end = std::find_if(at, text.end(), [](int32_t c) { return !CombiningClass(c); });
    std::stable_sort(at, end,
                     [](int32_t a, int32_t b) { return CombiningClass(a) < CombiningClass(b); });
    at = end - 1;
  }
}

// The one character that the two are together, or -1.
int32_t Composed(int32_t first, int32_t second) {
  if (second < 0x300 || IsIn(kAfterUnicode9, second)) return -1;
  utf8proc_int32_t pair[3] = {first, second, 0};
  return utf8proc_normalize_utf32(pair, 2, kOptions) == 1 ? pair[0] : -1;
}

// Each mark joins the last starter, if nothing between them has its class or a higher one.
std::vector<int32_t> Compose(const std::vector<int32_t>& text) {
  std::vector<int32_t> out;
  ptrdiff_t starter = -1;
  int last_class = 0;  // of what lies between the starter and the next character; 0: nothing does
  for (const int32_t c : text) {
    const int own = CombiningClass(c);
    const bool is_blocked = static_cast<ptrdiff_t>(out.size()) - 1 != starter && last_class >= own;
    const int32_t joined = starter < 0 || is_blocked ? -1 : Composed(out[starter], c);
    if (joined >= 0) {
      out[starter] = joined;
      continue;
    }
    if (own == 0) starter = static_cast<ptrdiff_t>(out.size());
    last_class = own;
    out.push_back(c);
  }
  return out;
}

}  // namespace

bool IsSurelyNfc(std::string_view text) {
  for (;;) {
    text.remove_prefix(AsciiSize(text));
    if (text.empty()) return true;
    const CodePoint c = FirstCodePoint(text);
    if (c.value >= 0x300 && !IsIn(kInert, c.value)) return false;
    text.remove_prefix(c.size);
  }
}

std::string ToNfc(std::string_view text) {
  std::vector<int32_t> characters;
  for (; !text.empty(); text.remove_prefix(FirstCodePoint(text).size))
    Decompose(FirstCodePoint(text).value, characters);
  Order(characters);
  std::string out;
  for (const int32_t c : Compose(characters)) AppendUtf8(c, out);
  return out;
}

}  // namespace r1zero
