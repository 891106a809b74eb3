#include "common/json_fault.h"

#include <utility>

#include "common/printable.h"

namespace r1zero {
namespace {

constexpr size_t kMaxShown = 100;

// The parser's words and ours.
constexpr std::pair<std::string_view, std::string_view> kWords[] = {
    {"unexpected end of input", "found the end of the text"},
    {"invalid literal", "found no JSON value"},
    {"unexpected ", "found "},
    {"; last read: ", " at "},
    {"; expected ", ", expected "},
};

std::string InOurWords(std::string text) {
  for (const auto& [theirs, ours] : kWords)
    if (const size_t at = text.find(theirs); at != text.npos) text.replace(at, theirs.size(), ours);
  return text;
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
  const std::string_view cause = what.substr(begin);
  const std::string text = Printable(InOurWords(std::string(cause.substr(0, 2 * kMaxShown))));
  return text.size() > kMaxShown ? text.substr(0, kMaxShown) + "..." : text;
}

std::string JsonFaultAt(size_t byte, size_t size, std::string_view what) {
  if (size == 0) return "it is empty, expected JSON";
  if (byte > size)
    return "not valid JSON: it ends too early, after " + std::to_string(size) + " bytes";
  return "not valid JSON at byte " + std::to_string(byte) + " of " + std::to_string(size) + ": " +
         JsonFault(what);
}

}  // namespace r1zero
