#include "common/json_fault.h"

namespace r1zero {
namespace {

constexpr size_t kMaxShown = 100;

bool IsPlain(char c) { return c >= 0x20 && c < 0x7f; }

std::string Escaped(char c) {
  constexpr char kDigits[] = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 15]};
}

}  // namespace

std::string JsonFault(std::string_view what) {
  size_t begin = what.find(" - ");
  if (begin != what.npos)
    begin += 3;
  else if (begin = what.find("] "); begin != what.npos)
    begin += 2;
  else
    return "syntax error";
  std::string text;
  for (const char c : what.substr(begin)) {
    text += IsPlain(c) ? std::string(1, c) : Escaped(c);
    if (text.size() >= kMaxShown) return text + "...";
  }
  return text;
}

}  // namespace r1zero
