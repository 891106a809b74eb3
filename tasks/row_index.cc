#include "tasks/row_index.h"

#include <algorithm>
#include <limits>

#include "common/error.h"

namespace r1zero {
namespace {

constexpr size_t kMost = std::numeric_limits<uint32_t>::max();
constexpr size_t kMostRowBytes = size_t{1} << 26;  // as JSON values ten times that in memory
constexpr std::string_view kBlank = " \t\r\n";

RowSpan MakeSpan(const std::string& path, size_t begin, size_t end, size_t line, size_t column) {
  Require(end - begin <= kMostRowBytes, path, ":", line, ": a row of ", end - begin,
          " bytes, expected at most 64 MiB");
  Require(line <= kMost && column <= kMost, path, ":", line, ":", column,
          ": a row beyond 2^32 lines or columns, expected a smaller file");
  return {begin, static_cast<uint32_t>(end - begin), static_cast<uint32_t>(line),
          static_cast<uint32_t>(column)};
}

std::vector<RowSpan> IndexLines(const std::string& path, std::string_view text) {
  std::vector<RowSpan> spans;
  size_t line = 0;
  for (size_t begin = 0, end; begin < text.size(); begin = end + 1) {
    end = std::min(text.find('\n', begin), text.size());
    ++line;
    if (text.substr(begin, end - begin).find_first_not_of(kBlank) != text.npos)
      spans.push_back(MakeSpan(path, begin, end, line, 1));
  }
  return spans;
}

// Walks over a JSON array's elements, counting lines on the way.
class ArrayWalk {
 public:
  ArrayWalk(const std::string& path, std::string_view text, size_t open)
      : path_(path), text_(text), at_(open) {
    Step();  // over '['
  }

  std::vector<RowSpan> Spans() {
    std::vector<RowSpan> spans;
    SkipBlanks();
    while (Now() != ']') {
      spans.push_back(Element());
      if (Now() == ']') break;
      Step();  // over ','
      SkipBlanks();
    }
    Step();
    SkipBlanks();
    if (at_ < text_.size()) FailHere("text after the array, expected the file to end");
    return spans;
  }

 private:
  // Up to the comma or bracket that ends it.
  RowSpan Element() {
    const size_t begin = at_, line = line_, column = at_ - line_start_ + 1;
    for (size_t depth = 0; depth > 0 || (Now() != ',' && Now() != ']'); Step()) {
      const char c = Now();
      if (c == '"')
        SkipString();
      else if (c == '{' || c == '[')
        ++depth;
      else if ((c == '}' || c == ']') && depth > 0)
        --depth;
    }
    size_t end = at_;
    while (end > begin && kBlank.find(text_[end - 1]) != kBlank.npos) --end;
    return MakeSpan(path_, begin, end, line, column);
  }

  // From the opening quote to the closing one.
  void SkipString() {
    for (Step(); Now() != '"'; Step())
      if (Now() == '\\') Step();
  }

  void SkipBlanks() {
    while (at_ < text_.size() && kBlank.find(text_[at_]) != kBlank.npos) Step();
  }

  char Now() const {
    if (at_ >= text_.size()) FailHere("the file ends inside its array, expected ']'");
    return text_[at_];
  }

  void Step() {
    if (at_ < text_.size() && text_[at_] == '\n') {
      ++line_;
      line_start_ = at_ + 1;
    }
    ++at_;
  }

  [[noreturn]] void FailHere(std::string_view fault) const {
    Fail(path_, ":", line_, ":", std::min(at_, text_.size()) - line_start_ + 1, ": ", fault);
  }

  const std::string& path_;
  std::string_view text_;
  size_t at_, line_ = 1, line_start_ = 0;
};

// Where the array opens; npos if the text is lines.
size_t ArrayStart(std::string_view text) {
  const std::string_view kByteOrderMark = "\xef\xbb\xbf";
  const size_t skipped = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  const size_t first = text.find_first_not_of(kBlank, skipped);
  return first != text.npos && text[first] == '[' ? first : text.npos;
}

}  // namespace

std::vector<RowSpan> IndexRows(const std::string& path, std::string_view text, bool may_be_array) {
  const size_t open = may_be_array ? ArrayStart(text) : text.npos;
  std::vector<RowSpan> spans =
      open == text.npos ? IndexLines(path, text) : ArrayWalk(path, text, open).Spans();
  Require(!spans.empty(), path,
          ": no rows, expected one JSON object a line or a JSON array of them");
  spans.shrink_to_fit();
  return spans;
}

}  // namespace r1zero
