// Texts as they are written: escaped, quoted, in upper or lower case.
#include <array>

#include "common/error.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

constexpr char kHex[] = "0123456789abcdef";

void AppendEscape(char32_t c, std::string& out) {
  const int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
  out += digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
  for (int i = digits - 1; i >= 0; --i) out += kHex[(c >> (4 * i)) & 0xf];
}

// What repr() writes as an escape, of the characters that text really has: controls, spaces but
// ' ', the invisible marks of Unicode, private use.
bool IsPrintable(char32_t c) {
  if (c < 0x7f) return c >= 0x20;
  if (c <= 0xa0 || c == 0xad || IsSpace(c)) return false;
  const bool mark = (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
                    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff0 && c <= 0xfffb);
  const bool no_character = (c & 0xfffe) == 0xfffe || (c >= 0xe000 && c <= 0xf8ff) || c >= 0xe0000;
  return !mark && !no_character;
}

void RequireAscii(std::string_view text, std::string_view what) {
  for (const char byte : text)
    Require(static_cast<unsigned char>(byte) < 0x80, what, " case of '", text,
            "' is not supported: it is not ASCII");
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  return out;
}

std::string Quoted(std::string_view text) {
  const bool single = text.find('\'') == text.npos || text.find('"') != text.npos;
  const char quote = single ? '\'' : '"';
  std::string out(1, quote);
  for (const std::string_view character : Characters(text)) {
    const char32_t c = Decode(character);
    if (c == static_cast<unsigned char>(quote) || c == '\\')
      (out += '\\') += static_cast<char>(c);
    else if (c == '\n' || c == '\r' || c == '\t')
      (out += '\\') += c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
    else if (!IsPrintable(c))
      AppendEscape(c, out);
    else
      out += character;
  }
  return out += quote;
}

std::string Upper(std::string_view text) {
  RequireAscii(text, "upper");
  std::string out(text);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

std::string Lower(std::string_view text) {
  RequireAscii(text, "lower");
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace r1zero::jinja
