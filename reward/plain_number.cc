#include "reward/plain_number.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <optional>

#include "reward/plain_text.h"

namespace r1zero {
namespace {

constexpr size_t kMostDigits = 64, kMostFractionDigits = 18;
constexpr std::array<std::string_view, 12> kScales = {
    "hundred", "thousand", "million", "billion", "trillion", "dozen",
    "dozens",  "half",     "twice",   "double",  "minus",    "negative"};
constexpr std::string_view kHarmless = " \t\r\n$%,.;:?'\"()[]=/&-";

bool IsDigit(char c) { return '0' <= c && c <= '9'; }
bool IsLetter(char c) { return ('a' <= c && c <= 'z') || ('A' <= c && c <= 'Z'); }
bool AllDigits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsDigit);
}

// 1,234,567: groups of three after the first comma.
bool RightlyGrouped(std::string_view whole) {
  const size_t comma = whole.find(',');
  if (comma == whole.npos) return whole.empty() || AllDigits(whole);
  if (comma == 0 || comma > 3 || whole[0] == '0' || !AllDigits(whole.substr(0, comma)))
    return false;
  for (size_t at = comma; at < whole.size(); at += 4)
    if (whole[at] != ',' || whole.size() < at + 4 || !AllDigits(whole.substr(at + 1, 3)))
      return false;
  return true;
}

std::string Signed(bool negative, std::string magnitude) {
  return negative && magnitude != "0" ? "-" + magnitude : magnitude;
}

// "007", "50" -> "7.5"
std::string Decimal(std::string whole, std::string part) {
  std::erase(whole, ',');
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  part.erase(part.find_last_not_of('0') + 1);
  if (whole.empty()) whole += '0';
  return part.empty() ? whole : whole + "." + part;
}

NumberReading ReadDecimal(std::string_view run, bool negative) {
  const size_t point = std::min(run.find('.'), run.size());
  const std::string_view whole = run.substr(0, point);
  const std::string_view part = point < run.size() ? run.substr(point + 1) : "";
  if (!RightlyGrouped(whole) || (point < run.size() && !AllDigits(part))) return {"", "bad_number"};
  std::string normal = Decimal(std::string(whole), std::string(part));
  if (normal.size() > kMostDigits) return {"", "too_long"};
  return {Signed(negative, std::move(normal)), ""};
}

int64_t Whole(std::string_view digits) {
  int64_t value = 0;
  for (const char c : digits) value = value * 10 + (c - '0');
  return value;
}

// In lowest terms; a decimal if the denominator has no other prime factors than 2 and 5.
std::string FractionText(int64_t numerator, int64_t denominator) {
  const int64_t divisor = std::gcd(numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  int64_t rest = denominator;
  while (rest % 2 == 0) rest /= 2;
  while (rest % 5 == 0) rest /= 5;
  if (rest != 1) return std::to_string(numerator) + "/" + std::to_string(denominator);
  std::string part;
  for (__int128 left = numerator % denominator; left != 0; left %= denominator) {
    left *= 10;
    part += static_cast<char>('0' + static_cast<int>(left / denominator));
  }
  return Decimal(std::to_string(numerator / denominator), part);
}

NumberReading ReadFraction(std::string_view top, std::string_view bottom, bool negative) {
  if (!AllDigits(top) || !AllDigits(bottom)) return {"", "bad_number"};
  if (top.size() > kMostFractionDigits || bottom.size() > kMostFractionDigits)
    return {"", "too_long"};
  if (Whole(bottom) == 0) return {"", "bad_number"};
  return {Signed(negative, FractionText(Whole(top), Whole(bottom))), ""};
}

// Goes through a plain text once and keeps what both readings need.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {
    while (at_ < text_.size()) Step();
  }

  NumberReading One() const {
    if (!last_) return {"", "no_number"};
    if (differ_) return {"", "two_answers"};
    if (!last_->fault.empty()) return *last_;
    return strange_ ? NumberReading{"", "bad_number"} : *last_;
  }
  NumberReading Last() const { return last_.value_or(NumberReading{"", "no_number"}); }

 private:
  char At(size_t i) const { return i < text_.size() ? text_[i] : ' '; }
  char Before(size_t i) const { return i > 0 ? text_[i - 1] : ' '; }

  void Step() {
    const char c = text_[at_];
    if (IsDigit(c) || (c == '.' && IsDigit(At(at_ + 1)) && Before(at_) != '.')) return Number();
    if (IsLetter(c)) return Word();
    if (c == '+' || c == '-') return Sign();
    strange_ |= kHarmless.find(c) == kHarmless.npos;
    if (c == '/') strange_ |= !IsLetter(At(at_ + 1));
    ++at_;
  }

  // A sign belongs to the number that follows, unless something stands before it that it could join.
  void Sign() {
    size_t next = at_ + 1;
    while (At(next) == '$') ++next;
    const bool leads = IsDigit(At(next)) || At(next) == '.';
    const bool joins = std::string_view(" \t\n\r$(=:").find(Before(at_)) == std::string_view::npos;
    if (leads && !joins)
      negative_ = text_[at_] == '-';
    else
      strange_ |= leads || !IsLetter(At(at_ + 1));
    at_ = leads && !joins ? next : at_ + 1;
  }

  void Word() {
    const size_t begin = at_;
    while (IsLetter(At(at_))) ++at_;
    std::string word(text_.substr(begin, at_ - begin));
    for (char& c : word) c = static_cast<char>(c | 0x20);
    strange_ |= std::ranges::find(kScales, word) != kScales.end();
    const bool grown_to_number = IsDigit(Before(begin));
    strange_ |= grown_to_number && (word.size() == 1 &&
                                    std::string_view("kmbex").find(word) != std::string_view::npos);
    strange_ |= IsDigit(At(at_));
  }

  std::string_view Run() {
    const size_t begin = at_;
    while (IsDigit(At(at_)) || At(at_) == '.' || At(at_) == ',') ++at_;
    while (!IsDigit(text_[at_ - 1])) --at_;  // a comma or a full stop of the sentence
    return text_.substr(begin, at_ - begin);
  }

  void Number() {
    const char before = Before(at_);
    const std::string_view run = Run();
    NumberReading number;
    if (At(at_) == '/' && IsDigit(At(at_ + 1))) {
      ++at_;
      number = ReadFraction(run, Run(), negative_);
      strange_ |= At(at_) == '/';
    } else {
      number = ReadDecimal(run, negative_);
    }
    if (before == kNotPlain || At(at_) == kNotPlain) number = {"", "bad_number"};
    strange_ |= before == '.' || before == ',';
    differ_ |= last_ && last_->normal != number.normal;
    last_ = std::move(number);
    negative_ = false;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool negative_ = false;
  std::optional<NumberReading> last_;
  bool differ_ = false;   // there were numbers that are not equal
  bool strange_ = false;  // something stands there that could change what the number means
};

}  // namespace

NumberReading ReadOneNumber(std::string_view text) { return Reader(PlainText(text)).One(); }

NumberReading ReadLastNumber(std::string_view text) { return Reader(PlainText(text)).Last(); }

}  // namespace r1zero
