// The expressions of a template, by recursive descent.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "tasks/jinja_ast.h"
#include "tasks/jinja_lexer.h"

namespace r1zero::jinja {

class ExpressionParser {
 public:
  ExpressionParser(const Source& source, const TemplateLimits& limits)
      : source_(source), limits_(limits), tokens_(Tokens(source)) {}

  ExpressionPtr ParseExpression();
  // A tuple where commas say so. `end` is a name that ends it ("in", "recursive").
  ExpressionPtr ParseTuple(bool with_if = true, std::string_view end = "",
                           bool in_brackets = false);
  ExpressionPtr ParseFilters(ExpressionPtr input);  // | name | name ...
  ExpressionPtr ParseFilter(ExpressionPtr input);   // the first without its |

 protected:
  // Keeps count of how deep the parser stands.
  class Nested {
   public:
    explicit Nested(ExpressionParser& parser) : parser_(parser) {
      if (++parser_.depth_ > parser_.limits_.nesting) parser_.FailNesting();
    }
    ~Nested() { --parser_.depth_; }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

   private:
    ExpressionParser& parser_;
  };

  const Token& Look(size_t ahead = 0) const {
    return tokens_[std::min(next_ + ahead, tokens_.size() - 1)];
  }
  bool Is(TokenKind kind) const { return Look().kind == kind; }
  bool IsName(std::string_view name, size_t ahead = 0) const;
  bool IsOperator(std::string_view op, size_t ahead = 0) const;
  Token Take();
  bool SkipName(std::string_view name);
  bool SkipOperator(std::string_view op);
  void Expect(TokenKind kind, std::string_view what);
  void ExpectOperator(std::string_view op);
  std::string ExpectName(std::string_view what);
  [[noreturn]] void FailExpected(std::string_view what) const;
  [[noreturn]] void FailAt(size_t at, std::string_view fault) const { source_.FailAt(at, fault); }
  [[noreturn]] void FailNesting() const;

  int macros_ = 0;  // around this point

 private:
  using Arguments =
      std::pair<std::vector<ExpressionPtr>, std::vector<std::pair<std::string, ExpressionPtr>>>;

  ExpressionPtr Make(Expression expression) const;
  template <typename... Parts>
  ExpressionPtr Make(Op op, size_t at, std::string name, Parts... parts) const;

  ExpressionPtr ParseOr();
  ExpressionPtr ParseAnd();
  ExpressionPtr ParseNot();
  ExpressionPtr ParseCompare();
  std::string TakeComparison();
  ExpressionPtr ParseSum();
  ExpressionPtr ParseConcat();
  ExpressionPtr ParseProduct();
  ExpressionPtr ParsePower();
  ExpressionPtr ParseUnary(bool with_filters = true);
  ExpressionPtr ParsePrimary();
  ExpressionPtr ParseName();
  ExpressionPtr ParseString();
  ExpressionPtr ParseBracketed();
  ExpressionPtr ParseList();
  ExpressionPtr ParseDict();
  ExpressionPtr ParsePostfix(ExpressionPtr input);
  ExpressionPtr ParseFiltersAndTests(ExpressionPtr input);
  ExpressionPtr ParseDot(ExpressionPtr input);
  ExpressionPtr ParseSubscript(ExpressionPtr input);
  ExpressionPtr ParseSubscriptPart();
  ExpressionPtr ParseCall(ExpressionPtr callee);
  ExpressionPtr ParseTest(ExpressionPtr input);
  Arguments ParseArguments();
  bool EndsTuple(std::string_view end) const;

  const Source& source_;
  const TemplateLimits& limits_;
  std::vector<Token> tokens_;
  size_t next_ = 0;
  int depth_ = 0;
};

template <typename... Parts>
ExpressionPtr ExpressionParser::Make(Op op, size_t at, std::string name, Parts... parts) const {
  Expression expression{.op = op, .at = at, .name = std::move(name)};
  (expression.parts.push_back(std::move(parts)), ...);
  return Make(std::move(expression));
}

}  // namespace r1zero::jinja
