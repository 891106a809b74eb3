#include "tasks/jinja_expression_parser.h"

#include <algorithm>

namespace r1zero::jinja {

bool ExpressionParser::IsName(std::string_view name, size_t ahead) const {
  return Look(ahead).kind == TokenKind::kName && Look(ahead).text == name;
}

bool ExpressionParser::IsOperator(std::string_view op, size_t ahead) const {
  return Look(ahead).kind == TokenKind::kOperator && Look(ahead).text == op;
}

Token ExpressionParser::Take() {
  Token token = Look();
  if (next_ + 1 < tokens_.size()) ++next_;
  return token;
}

bool ExpressionParser::SkipName(std::string_view name) {
  if (!IsName(name)) return false;
  Take();
  return true;
}

bool ExpressionParser::SkipOperator(std::string_view op) {
  if (!IsOperator(op)) return false;
  Take();
  return true;
}

void ExpressionParser::Expect(TokenKind kind, std::string_view what) {
  if (!Is(kind)) FailExpected(what);
  Take();
}

void ExpressionParser::ExpectOperator(std::string_view op) {
  if (!SkipOperator(op)) FailExpected("'" + std::string(op) + "'");
}

std::string ExpressionParser::ExpectName(std::string_view what) {
  if (!Is(TokenKind::kName)) FailExpected(what);
  return Take().text;
}

void ExpressionParser::FailExpected(std::string_view what) const {
  constexpr const char* kKinds[] = {
      "text",   "'{{'", "the end of the tag",     "'{%'", "the end of the tag", "name", "string",
      "number", "",     "the end of the template"};
  const Token& token = Look();
  const bool shown = token.kind == TokenKind::kName || token.kind == TokenKind::kOperator;
  const std::string found = shown ? "'" + token.text + "'" : kKinds[static_cast<int>(token.kind)];
  FailAt(token.at, "found " + found + ", expected " + std::string(what));
}

void ExpressionParser::FailNesting() const {
  FailAt(Look().at, "nested deeper than " + std::to_string(limits_.nesting) + ", the limit");
}

ExpressionPtr ExpressionParser::Make(Expression expression) const {
  const auto include = [&](const ExpressionPtr& part) {
    if (part) expression.depth = std::max(expression.depth, part->depth + 1);
  };
  for (const auto& part : expression.parts) include(part);
  for (const auto& [name, part] : expression.named) include(part);
  if (expression.depth > limits_.nesting) FailNesting();
  return std::make_unique<Expression>(std::move(expression));
}

ExpressionPtr ExpressionParser::ParseExpression() {
  const Nested nested(*this);
  ExpressionPtr value = ParseOr();
  while (IsName("if")) {
    const size_t at = Take().at;
    ExpressionPtr condition = ParseOr();
    ExpressionPtr otherwise = SkipName("else") ? ParseExpression() : nullptr;
    value = Make(Op::kIf, at, "", std::move(condition), std::move(value), std::move(otherwise));
  }
  return value;
}

ExpressionPtr ExpressionParser::ParseOr() {
  ExpressionPtr left = ParseAnd();
  while (IsName("or")) {
    const size_t at = Take().at;
    ExpressionPtr right = ParseAnd();
    left = Make(Op::kOr, at, "", std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseAnd() {
  ExpressionPtr left = ParseNot();
  while (IsName("and")) {
    const size_t at = Take().at;
    ExpressionPtr right = ParseNot();
    left = Make(Op::kAnd, at, "", std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseNot() {
  if (!IsName("not")) return ParseCompare();
  const Nested nested(*this);
  const size_t at = Take().at;
  return Make(Op::kNot, at, "", ParseNot());
}

// The comparison that stands here, or "".
std::string ExpressionParser::TakeComparison() {
  for (const char* op : {"==", "!=", "<", "<=", ">", ">="})
    if (SkipOperator(op)) return op;
  if (SkipName("in")) return "in";
  if (!IsName("not") || !IsName("in", 1)) return "";
  Take(), Take();
  return "not in";
}

ExpressionPtr ExpressionParser::ParseCompare() {
  const size_t at = Look().at;
  ExpressionPtr left = ParseSum();
  Expression compare{.op = Op::kCompare, .at = at};
  for (std::string op = TakeComparison(); !op.empty(); op = TakeComparison()) {
    compare.names.push_back(op);
    compare.parts.push_back(ParseSum());
  }
  if (compare.names.empty()) return left;
  compare.parts.insert(compare.parts.begin(), std::move(left));
  return Make(std::move(compare));
}

ExpressionPtr ExpressionParser::ParseSum() {
  ExpressionPtr left = ParseConcat();
  while (IsOperator("+") || IsOperator("-")) {
    const Token op = Take();
    ExpressionPtr right = ParseConcat();
    left = Make(Op::kBinary, op.at, op.text, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseConcat() {
  ExpressionPtr first = ParseProduct();
  if (!IsOperator("~")) return first;
  Expression concat{.op = Op::kConcat, .at = Look().at};
  concat.parts.push_back(std::move(first));
  while (SkipOperator("~")) concat.parts.push_back(ParseProduct());
  return Make(std::move(concat));
}

ExpressionPtr ExpressionParser::ParseProduct() {
  ExpressionPtr left = ParsePower();
  while (IsOperator("*") || IsOperator("/") || IsOperator("//") || IsOperator("%")) {
    const Token op = Take();
    ExpressionPtr right = ParsePower();
    left = Make(Op::kBinary, op.at, op.text, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParsePower() {
  ExpressionPtr left = ParseUnary();
  while (IsOperator("**")) {
    const Token op = Take();
    ExpressionPtr right = ParseUnary();
    left = Make(Op::kBinary, op.at, op.text, std::move(left), std::move(right));
  }
  return left;
}

ExpressionPtr ExpressionParser::ParseUnary(bool with_filters) {
  const Nested nested(*this);
  ExpressionPtr value;
  if (IsOperator("-") || IsOperator("+")) {
    const Token sign = Take();
    value = Make(sign.text == "-" ? Op::kMinus : Op::kPlus, sign.at, "", ParseUnary(false));
  } else {
    value = ParsePrimary();
  }
  value = ParsePostfix(std::move(value));
  return with_filters ? ParseFiltersAndTests(std::move(value)) : std::move(value);
}

}  // namespace r1zero::jinja
