// A template cut into tokens, with the whitespace rules that transformers sets: trim_blocks,
// lstrip_blocks, one newline at the end dropped.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tasks/jinja_value.h"

namespace r1zero::jinja {

enum class TokenKind {
  kData,           // text between tags
  kVariableBegin,  // {{
  kVariableEnd,    // }}
  kBlockBegin,     // {%
  kBlockEnd,       // %}
  kName,
  kString,
  kNumber,
  kOperator,
  kEnd,
};

struct Token {
  TokenKind kind;
  size_t at;         // byte in the source
  std::string text;  // data, name, operator, or what the string says
  Value number = {};
};

// Where in a template: its name, line and column, both from 1, columns in bytes.
class Source {
 public:
  // CR LF and CR become LF. Error if it is larger than the limit or not UTF-8.
  Source(std::string_view text, std::string where, const TemplateLimits& limits);

  std::string Place(size_t at) const;  // "where:line:column"
  [[noreturn]] void FailAt(size_t at, std::string_view fault) const;
  const std::string& text() const { return text_; }

 private:
  std::string text_, where_;
};

// Error at the first byte that is no token. The last token is kEnd.
std::vector<Token> Tokens(const Source& source);

}  // namespace r1zero::jinja
