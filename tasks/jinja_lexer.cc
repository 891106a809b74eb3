#include "tasks/jinja_lexer.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "tasks/jinja_text.h"
#include "tasks/jinja_token.h"

namespace r1zero::jinja {
namespace {

std::string WithPlainNewlines(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    plain += text[i] == '\r' ? '\n' : text[i];
  }
  if (plain.ends_with('\n')) plain.pop_back();
  return plain;
}

size_t SkipSpace(std::string_view text, size_t at) {
  return text.size() - Strip(text.substr(at), std::nullopt, Side::kLeft).size();
}

class Lexer {
 public:
  explicit Lexer(const Source& source) : source_(source), text_(source.text()) {}

  std::vector<Token> Run() {
    while (at_ < text_.size()) ReadDataAndTag();
    Add(TokenKind::kEnd, at_, "");
    return std::move(tokens_);
  }

 private:
  // Text up to the next tag, then that tag.
  void ReadDataAndTag() {
    size_t tag = at_;
    while (tag < text_.size() && !IsTag(tag)) ++tag;
    if (tag == text_.size()) {
      Add(TokenKind::kData, at_, text_.substr(at_));
      at_ = tag;
      return;
    }
    size_t inside = tag + 2;
    const char sign = ReadSign(inside);
    const std::string_view data = text_.substr(at_, tag - at_);
    Add(TokenKind::kData, at_, StripBeforeTag(data, sign, text_[tag + 1] == '{'));
    at_ = inside;
    if (text_[tag + 1] == '#')
      ReadComment(tag);
    else if (text_[tag + 1] == '{')
      ReadTag(tag, TokenKind::kVariableBegin, TokenKind::kVariableEnd);
    else if (!ReadRaw(tag))
      ReadTag(tag, TokenKind::kBlockBegin, TokenKind::kBlockEnd);
  }

  bool IsTag(size_t at) const {
    return text_[at] == '{' && at + 1 < text_.size() &&
           (text_[at + 1] == '%' || text_[at + 1] == '{' || text_[at + 1] == '#');
  }

  char ReadSign(size_t& at) const {
    if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) return text_[at++];
    return 0;
  }

  // "-" takes all whitespace before the tag; lstrip_blocks takes what stands before a block or
  // comment on its line.
  std::string_view StripBeforeTag(std::string_view data, char sign, bool variable) const {
    if (sign == '-') return Strip(data, std::nullopt, Side::kRight);
    if (sign == '+' || variable) return data;
    const size_t line = data.rfind('\n') + 1;
    if (line == 0 && !line_starting_) return data;
    return Strip(data.substr(line), std::nullopt).empty() ? data.substr(0, line) : data;
  }

  // Where the text goes on after an end that begins at `end`, `mark` its two characters.
  // nullopt if there is none.
  std::optional<size_t> AfterEnd(size_t end, std::string_view mark, bool block) const {
    const std::string_view rest = text_.substr(end);
    if (rest.starts_with(mark))
      return end + 2 + (block && rest.substr(2).starts_with('\n') ? 1 : 0);
    if (rest.empty() || !rest.substr(1).starts_with(mark)) return std::nullopt;
    if (rest[0] == '-') return SkipSpace(text_, end + 3);
    return rest[0] == '+' && block ? std::optional(end + 3) : std::nullopt;
  }

  void GoOnAfter(size_t after) {
    at_ = after;
    line_starting_ = text_[after - 1] == '\n';
  }

  void ReadComment(size_t tag) {
    for (size_t end = at_; end < text_.size(); ++end)
      if (const auto after = AfterEnd(end, "#}", true)) return GoOnAfter(*after);
    source_.FailAt(tag, "the comment has no end, expected '#}'");
  }

  // {% raw %}: the text up to {% endraw %} is data. False if it is another tag.
  bool ReadRaw(size_t tag) {
    size_t at = SkipSpace(text_, at_);
    if (!text_.substr(at).starts_with("raw")) return false;
    at = SkipSpace(text_, at + 3);
    const auto after = AfterEnd(at, "%}", false);
    if (!after) return false;
    GoOnAfter(*after);
    const size_t begin = at_;
    for (size_t end = begin; end < text_.size(); ++end)
      if (EndsRaw(begin, end)) return true;
    source_.FailAt(tag, "'raw' has no end, expected '{% endraw %}'");
  }

  bool EndsRaw(size_t begin, size_t end) {
    if (!text_.substr(end).starts_with("{%")) return false;
    size_t at = end + 2;
    const char sign = ReadSign(at);
    at = SkipSpace(text_, at);
    if (!text_.substr(at).starts_with("endraw")) return false;
    const auto after = AfterEnd(SkipSpace(text_, at + 6), "%}", true);
    if (!after) return false;
    Add(TokenKind::kData, begin,
        StripBeforeTag(text_.substr(begin, end - begin), sign, /*variable=*/false));
    GoOnAfter(*after);
    return true;
  }

  // The tokens of a tag, up to its end. An end inside brackets is no end.
  void ReadTag(size_t tag, TokenKind begin_kind, TokenKind end_kind) {
    const bool block = end_kind == TokenKind::kBlockEnd;
    Add(begin_kind, tag, "");
    std::string open;
    while (true) {
      if (const auto after =
              open.empty() ? AfterEnd(at_, block ? "%}" : "}}", block) : std::optional<size_t>()) {
        Add(end_kind, at_, "");
        return GoOnAfter(*after);
      }
      if (const size_t next = SkipSpace(text_, at_); next > at_) {
        at_ = next;
        continue;
      }
      if (at_ == text_.size())
        source_.FailAt(
            tag, block ? "the tag has no end, expected '%}'" : "the tag has no end, expected '}}'");
      tokens_.push_back(ReadToken(source_, at_));
      if (tokens_.back().kind == TokenKind::kOperator) Balance(tokens_.back(), open);
    }
  }

  void Balance(const Token& token, std::string& open) const {
    const char c = token.text[0];
    if (c == '{' || c == '(' || c == '[') open += c == '{' ? '}' : c == '(' ? ')' : ']';
    if (c != '}' && c != ')' && c != ']') return;
    if (open.empty() || open.back() != c)
      source_.FailAt(token.at, std::string("found '") + c + "', expected " +
                                   (open.empty() ? "no bracket" : std::string(1, open.back())));
    open.pop_back();
  }

  void Add(TokenKind kind, size_t at, std::string_view text) {
    if (kind != TokenKind::kData || !text.empty()) tokens_.push_back({kind, at, std::string(text)});
  }

  const Source& source_;
  std::string_view text_;
  size_t at_ = 0;
  bool line_starting_ = true;  // what was read last ended with a newline
  std::vector<Token> tokens_;
};

}  // namespace

Source::Source(std::string_view text, std::string where, const TemplateLimits& limits)
    : where_(std::move(where)) {
  Require(text.size() <= limits.source_bytes, where_, ": a template of ", text.size(),
          " bytes, the limit is ", limits.source_bytes);
  RequireUtf8(text, where_);
  text_ = WithPlainNewlines(text);
}

std::string Source::Place(size_t at) const {
  at = std::min(at, text_.size());
  const auto line = 1 + std::count(text_.begin(), text_.begin() + static_cast<int64_t>(at), '\n');
  const size_t begin = at == 0 ? 0 : text_.rfind('\n', at - 1) + 1;
  return where_ + ":" + std::to_string(line) + ":" + std::to_string(at - begin + 1);
}

void Source::FailAt(size_t at, std::string_view fault) const { Fail(Place(at), ": ", fault); }

std::vector<Token> Tokens(const Source& source) { return Lexer(source).Run(); }

}  // namespace r1zero::jinja
