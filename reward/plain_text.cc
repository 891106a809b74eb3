#include "reward/plain_text.h"

#include <array>
#include <optional>
#include <utility>

#include "reward/answer.h"

namespace r1zero {
namespace {

using Replacement = std::pair<std::string_view, std::string_view>;

// The longer of two that begin alike stands first.
constexpr std::array<Replacement, 24> kReplacements = {{
    {"{,}", ","},       {"\\!", ""},     {"\\,", ","},       {"\\;", " "},     {"\\:", " "},
    {"\\ ", " "},       {"\\$", "$"},    {"\\%", "%"},       {"\\(", " "},     {"\\)", " "},
    {"\\[", " "},       {"\\]", " "},    {"\\textbf{", " "}, {"\\text{", " "}, {"\\mathrm{", " "},
    {"\\mathbf{", " "}, {"\u2212", "-"}, {"\u20ac", "$"},    {"\u00a3", "$"},  {"\u00a5", "$"},
    {"\u20b9", "$"},    {"\u00a0", " "}, {"\u202f", " "},    {"\u00b0", " "},
}};
constexpr std::array<std::string_view, 4> kQuotes = {"\u2018", "\u2019", "\u201c", "\u201d"};
constexpr std::array<std::string_view, 3> kFractions = {"\\frac{", "\\dfrac{", "\\tfrac{"};

// U+00C0 to U+024F but the signs × and ÷: two bytes each.
bool IsAccentedLetter(std::string_view text) {
  if (text.size() < 2) return false;
  const auto lead = static_cast<unsigned char>(text[0]), next = static_cast<unsigned char>(text[1]);
  if ((next & 0xc0) != 0x80) return false;
  if (lead == 0xc3) return next != 0x97 && next != 0xb7;
  return lead > 0xc3 && lead < 0xc9;
}

size_t DigitsAt(std::string_view text) {
  const size_t end = text.find_first_not_of("0123456789");
  return end == text.npos ? text.size() : end;
}

bool IsPlain(char c) {
  if (c == '\t' || c == '\n' || c == '\r') return true;
  return ' ' <= c && c <= '~' && c != '\\' && c != '{' && c != '}';
}

struct Piece {
  size_t bytes;  // of the text
  std::string plain;
};

// \frac{12}{5} of two whole numbers.
std::optional<Piece> Fraction(std::string_view text) {
  for (const std::string_view open : kFractions) {
    if (!text.starts_with(open)) continue;
    const std::string_view rest = text.substr(open.size());
    const size_t top = DigitsAt(rest);
    if (top == 0 || rest.substr(top, 2) != "}{") return std::nullopt;
    const std::string_view below = rest.substr(top + 2);
    const size_t bottom = DigitsAt(below);
    if (bottom == 0 || below.substr(bottom, 1) != "}") return std::nullopt;
    std::string plain(rest.substr(0, top));
    plain.append("/").append(below.substr(0, bottom));
    return Piece{open.size() + top + bottom + 3, std::move(plain)};
  }
  return std::nullopt;
}

// What a text that does not begin with a plain character begins with.
Piece Next(std::string_view text) {
  for (const auto& [from, to] : kReplacements)
    if (text.starts_with(from)) return {from.size(), std::string(to)};
  for (const std::string_view quote : kQuotes)
    if (text.starts_with(quote)) return {quote.size(), "'"};
  if (auto fraction = Fraction(text)) return *std::move(fraction);
  if (IsAccentedLetter(text)) return {2, "a"};
  const bool is_brace = text[0] == '{' || text[0] == '}';
  return {1, std::string(1, is_brace ? ' ' : kNotPlain)};
}

std::string_view WithoutStars(std::string_view text) {
  text = TrimBlanks(text);
  if (text.size() > 4 && text.starts_with("**") && text.ends_with("**"))
    text = text.substr(2, text.size() - 4);
  return text;
}

}  // namespace

std::string PlainText(std::string_view text) {
  std::string plain;
  text = WithoutStars(text);
  while (!text.empty()) {
    const Piece piece = IsPlain(text[0]) ? Piece{1, {text[0]}} : Next(text);
    plain += piece.plain;
    text.remove_prefix(piece.bytes);
  }
  return plain;
}

}  // namespace r1zero
