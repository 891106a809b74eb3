#include "tasks/jinja_token.h"

#include <algorithm>
#include <charconv>

#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

class TokenReader {
 public:
  TokenReader(const Source& source, size_t at) : source_(source), text_(source.text()), at_(at) {}

  Token Read() {
    const size_t begin = at_;
    const char c = text_[at_];
    if (IsDigit(c)) return {TokenKind::kNumber, begin, "a number", ReadNumber()};
    if (IsNameStart(c)) return {TokenKind::kName, begin, ReadName()};
    if (c == '\'' || c == '"') return {TokenKind::kString, begin, ReadString(c)};
    return {TokenKind::kOperator, begin, ReadOperator()};
  }

  size_t at() const { return at_; }

 private:
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }

  std::string ReadName() {
    const size_t begin = at_;
    while (IsNameStart(Peek()) || IsDigit(Peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
  }

  std::string ReadOperator() {
    constexpr std::string_view kTwo[] = {"**", "//", "==", "!=", ">=", "<="};
    const std::string_view two = text_.substr(at_, 2);
    const bool is_two = std::ranges::find(kTwo, two) != std::end(kTwo);
    constexpr std::string_view kOne = "+-*/%~[](){}><=.:|,;";
    if (!is_two && kOne.find(Peek()) == kOne.npos)
      source_.FailAt(at_, "found '" + std::string(Characters(text_.substr(at_, 4))[0]) +
                              "', expected a name, a number, a string or an operator");
    at_ += is_two ? 2 : 1;
    return std::string(two.substr(0, is_two ? 2 : 1));
  }

  // Digits that may have single underscores between them.
  std::string ReadDigits(int base) {
    std::string digits;
    while (HexDigit(Peek()) < base || (Peek() == '_' && HexDigit(Peek(1)) < base)) {
      if (Peek() != '_') digits += Peek();
      ++at_;
    }
    return digits;
  }

  Value ReadNumber() {
    const size_t begin = at_;
    const char kind = static_cast<char>(Peek(1) | 0x20);
    const int base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
    if (Peek() == '0' && base != 10) {
      at_ += 2;
      return Whole(ReadDigits(base), base, begin);
    }
    std::string number = ReadDigits(10);
    const bool after_dot = begin > 0 && text_[begin - 1] == '.';  // the 1 of x.0.1
    if (after_dot || !ReadFraction(number)) {
      if (number.size() > 1 && number[0] == '0' && number.find_first_not_of('0') != number.npos)
        source_.FailAt(begin, "found an integer that starts with 0, expected none");
      return Whole(number, 10, begin);
    }
    double value = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), value);
    if (read.ec != std::errc()) source_.FailAt(begin, "found a number out of range");
    return value;
  }

  bool ReadFraction(std::string& number) {
    const std::string whole = number;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      ++at_;
      number += "." + ReadDigits(10);
    }
    const size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + sign))) {
      number += Peek(1) == '-' ? "e-" : "e";
      at_ += 1 + sign;
      number += ReadDigits(10);
    }
    return number != whole;
  }

  Value Whole(const std::string& digits, int base, size_t begin) {
    int64_t value = 0;
    const auto [end, fault] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    if (fault != std::errc() || digits.empty())
      source_.FailAt(begin, "found a number that is out of range, expected one of 64 bits");
    return value;
  }

  std::string ReadString(char quote) {
    const size_t begin = at_++;
    std::string out;
    while (at_ < text_.size() && Peek() != quote) {
      if (Peek() == '\\')
        ReadEscape(out);
      else
        out += text_[at_++];
    }
    if (at_ >= text_.size())
      source_.FailAt(begin, std::string("the string has no end, expected ") + quote);
    ++at_;
    return out;
  }

  // Python's escapes. One that it does not know stays as it is written.
  void ReadEscape(std::string& out) {
    constexpr std::string_view kNames = "\\'\"abfnrtv", kMeanings = "\\'\"\a\b\f\n\r\t\v";
    const char name = Peek(1);
    if (const size_t i = kNames.find(name); i != kNames.npos && name) {
      out += kMeanings[i];
      at_ += 2;
    } else if (name == '\n') {
      at_ += 2;
    } else if (name >= '0' && name < '8') {
      ReadCode(1, 3, 8, /*exact=*/false, out);
    } else if (name == 'x' || name == 'u' || name == 'U') {
      const size_t digits = name == 'x' ? 2 : name == 'u' ? 4 : 8;
      ReadCode(2, digits, 16, /*exact=*/true, out);
    } else if (name == 'N') {
      source_.FailAt(at_, "'\\N' in a string is not supported, expected the character itself");
    } else {
      out += text_[at_++];
    }
  }

  void ReadCode(size_t skip, size_t most, int base, bool exact, std::string& out) {
    const size_t begin = at_;
    at_ += skip;
    char32_t code = 0;
    size_t count = 0;
    for (; count < most && HexDigit(Peek()) < base; ++count, ++at_)
      code = code * static_cast<char32_t>(base) + static_cast<char32_t>(HexDigit(Peek()));
    if ((exact && count < most) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      source_.FailAt(begin, "found an escape that is no character, expected such as '\\u00e9'");
    AppendUtf8(code, out);
  }

  const Source& source_;
  std::string_view text_;
  size_t at_;
};

}  // namespace

Token ReadToken(const Source& source, size_t& at) {
  TokenReader reader(source, at);
  Token token = reader.Read();
  at = reader.at();
  return token;
}

}  // namespace r1zero::jinja
