// The parts of expressions: names and literals, what stands behind them, filters, tests, calls.
#include <algorithm>

#include "tasks/jinja_expression_parser.h"
#include "tasks/jinja_names.h"

namespace r1zero::jinja {

ExpressionPtr ExpressionParser::ParsePrimary() {
  if (Is(TokenKind::kName)) return ParseName();
  if (Is(TokenKind::kString)) return ParseString();
  if (Is(TokenKind::kNumber)) {
    const Token token = Take();
    return Make({.op = Op::kConstant, .at = token.at, .constant = token.number});
  }
  if (IsOperator("(")) return ParseBracketed();
  if (IsOperator("[")) return ParseList();
  if (IsOperator("{")) return ParseDict();
  FailExpected("an expression");
}

ExpressionPtr ExpressionParser::ParseName() {
  const Token token = Take();
  const std::string& name = token.text;
  if (name == "true" || name == "True" || name == "false" || name == "False")
    return Make({.op = Op::kConstant, .at = token.at, .constant = (name[0] | 0x20) == 't'});
  if (name == "none" || name == "None") return Make({.op = Op::kConstant, .at = token.at});
  const bool of_macro = name == "caller" || name == "varargs" || name == "kwargs";
  const bool maker = name == "lipsum" || name == "cycler" || name == "joiner";
  if (name == "self" || maker || (of_macro && macros_ > 0))
    FailAt(token.at, "the name '" + name + "' is not supported");
  return Make({.op = Op::kName, .at = token.at, .name = name});
}

ExpressionPtr ExpressionParser::ParseString() {
  Token token = Take();
  while (Is(TokenKind::kString)) token.text += Take().text;
  return Make({.op = Op::kConstant, .at = token.at, .constant = Value(token.text)});
}

ExpressionPtr ExpressionParser::ParseBracketed() {
  Take();
  ExpressionPtr value = ParseTuple(/*with_if=*/true, "", /*in_brackets=*/true);
  ExpectOperator(")");
  return value;
}

ExpressionPtr ExpressionParser::ParseList() {
  Expression list{.op = Op::kList, .at = Take().at};
  while (!IsOperator("]")) {
    if (!list.parts.empty()) ExpectOperator(",");
    if (IsOperator("]")) break;
    list.parts.push_back(ParseExpression());
  }
  ExpectOperator("]");
  return Make(std::move(list));
}

ExpressionPtr ExpressionParser::ParseDict() {
  Expression dict{.op = Op::kDict, .at = Take().at};
  while (!IsOperator("}")) {
    if (!dict.parts.empty()) ExpectOperator(",");
    if (IsOperator("}")) break;
    dict.parts.push_back(ParseExpression());
    ExpectOperator(":");
    dict.parts.push_back(ParseExpression());
  }
  ExpectOperator("}");
  return Make(std::move(dict));
}

bool ExpressionParser::EndsTuple(std::string_view end) const {
  return Is(TokenKind::kVariableEnd) || Is(TokenKind::kBlockEnd) || IsOperator(")") ||
         (!end.empty() && IsName(end));
}

ExpressionPtr ExpressionParser::ParseTuple(bool with_if, std::string_view end, bool in_brackets) {
  Expression tuple{.op = Op::kTuple, .at = Look().at};
  bool is_tuple = false;
  while (true) {
    if (!tuple.parts.empty()) ExpectOperator(",");
    if (EndsTuple(end)) break;
    tuple.parts.push_back(with_if ? ParseExpression() : ParseOr());
    if (!IsOperator(",")) break;
    is_tuple = true;
  }
  if (!is_tuple && !tuple.parts.empty()) return std::move(tuple.parts[0]);
  if (!is_tuple && !in_brackets) FailExpected("an expression");
  return Make(std::move(tuple));
}

ExpressionPtr ExpressionParser::ParsePostfix(ExpressionPtr input) {
  while (true) {
    if (IsOperator("."))
      input = ParseDot(std::move(input));
    else if (IsOperator("["))
      input = ParseSubscript(std::move(input));
    else if (IsOperator("("))
      input = ParseCall(std::move(input));
    else
      return input;
  }
}

ExpressionPtr ExpressionParser::ParseFiltersAndTests(ExpressionPtr input) {
  while (true) {
    if (SkipOperator("|"))
      input = ParseFilter(std::move(input));
    else if (IsName("is"))
      input = ParseTest(std::move(input));
    else if (IsOperator("("))
      input = ParseCall(std::move(input));
    else
      return input;
  }
}

ExpressionPtr ExpressionParser::ParseDot(ExpressionPtr input) {
  const size_t at = Take().at;
  if (Is(TokenKind::kName)) return Make(Op::kAttribute, at, Take().text, std::move(input));
  if (!Is(TokenKind::kNumber) || !Look().number.Is<int64_t>()) FailExpected("a name or a number");
  ExpressionPtr index = ParsePrimary();
  return Make(Op::kItem, at, "", std::move(input), std::move(index));
}

ExpressionPtr ExpressionParser::ParseSubscript(ExpressionPtr input) {
  const size_t at = Take().at;
  Expression index{.op = Op::kTuple, .at = at};
  while (!IsOperator("]")) {
    if (!index.parts.empty()) ExpectOperator(",");
    index.parts.push_back(ParseSubscriptPart());
  }
  ExpectOperator("]");
  if (index.parts.size() == 1)
    return Make(Op::kItem, at, "", std::move(input), std::move(index.parts[0]));
  for (const auto& part : index.parts)
    if (part->op == Op::kSlice) FailAt(at, "several slices at once are not supported");
  return Make(Op::kItem, at, "", std::move(input), Make(std::move(index)));
}

ExpressionPtr ExpressionParser::ParseSubscriptPart() {
  const size_t at = Look().at;
  ExpressionPtr bounds[3];
  if (!IsOperator(":")) bounds[0] = ParseExpression();
  if (!IsOperator(":")) return std::move(bounds[0]);
  for (int i = 1; i < 3 && SkipOperator(":"); ++i)
    if (!IsOperator(":") && !IsOperator("]") && !IsOperator(",")) bounds[i] = ParseExpression();
  return Make(Op::kSlice, at, "", std::move(bounds[0]), std::move(bounds[1]), std::move(bounds[2]));
}

ExpressionParser::Arguments ExpressionParser::ParseArguments() {
  Arguments arguments;
  auto& [positional, named] = arguments;
  ExpectOperator("(");
  while (!IsOperator(")")) {
    if (!positional.empty() || !named.empty()) ExpectOperator(",");
    if (IsOperator(")")) break;
    if (IsOperator("*") || IsOperator("**"))
      FailAt(Look().at, "'*' and '**' before an argument are not supported");
    if (Is(TokenKind::kName) && IsOperator("=", 1)) {
      std::string name = Take().text;
      Take();
      named.emplace_back(std::move(name), ParseExpression());
    } else if (named.empty()) {
      positional.push_back(ParseExpression());
    } else {
      FailExpected("an argument with its name, as the one before");
    }
  }
  ExpectOperator(")");
  return arguments;
}

ExpressionPtr ExpressionParser::ParseCall(ExpressionPtr callee) {
  const size_t at = Look().at;
  const bool method = callee->op == Op::kAttribute;
  if (method && !IsSupported(NameOf::kMethod, callee->name))
    FailAt(callee->at + 1, NotSupported(NameOf::kMethod, callee->name));
  auto [positional, named] = ParseArguments();
  Expression call{.op = method ? Op::kMethod : Op::kCall, .at = at};
  if (method) {
    call.name = std::move(callee->name);
    call.parts.push_back(std::move(callee->parts[0]));
  } else {
    call.parts.push_back(std::move(callee));
  }
  for (auto& argument : positional) call.parts.push_back(std::move(argument));
  call.named = std::move(named);
  return Make(std::move(call));
}

ExpressionPtr ExpressionParser::ParseFilters(ExpressionPtr input) {
  while (SkipOperator("|")) input = ParseFilter(std::move(input));
  return input;
}

// `map`, `select` and their kin name another filter or test in an argument.
static void RequireSupportedWithin(const Source& source, const Expression& filter) {
  const bool map = filter.name == "map";
  const bool by_attribute = filter.name == "selectattr" || filter.name == "rejectattr";
  if (!map && !by_attribute && filter.name != "select" && filter.name != "reject") return;
  const size_t i = by_attribute ? 2 : 1;
  if (filter.parts.size() <= i || filter.parts[i]->op != Op::kConstant ||
      !filter.parts[i]->constant.IsText())
    return;
  const NameOf what = map ? NameOf::kFilter : NameOf::kTest;
  const std::string_view name = filter.parts[i]->constant.text();
  if (!IsSupported(what, name)) source.FailAt(filter.parts[i]->at, NotSupported(what, name));
}

ExpressionPtr ExpressionParser::ParseFilter(ExpressionPtr input) {
  Expression filter{.op = Op::kFilter, .at = Look().at, .name = ExpectName("a filter")};
  if (!IsSupported(NameOf::kFilter, filter.name))
    FailAt(filter.at, NotSupported(NameOf::kFilter, filter.name));
  filter.parts.push_back(std::move(input));
  if (IsOperator("(")) {
    auto [positional, named] = ParseArguments();
    for (auto& argument : positional) filter.parts.push_back(std::move(argument));
    filter.named = std::move(named);
  }
  RequireSupportedWithin(source_, filter);
  return Make(std::move(filter));
}

ExpressionPtr ExpressionParser::ParseTest(ExpressionPtr input) {
  Take();
  const bool negated = SkipName("not");
  Expression test{.op = Op::kTest, .at = Look().at, .name = ExpectName("a test")};
  if (!IsSupported(NameOf::kTest, test.name))
    FailAt(test.at, NotSupported(NameOf::kTest, test.name));
  test.parts.push_back(std::move(input));
  const bool bracket = IsOperator("[") || IsOperator("{");
  const bool word = Is(TokenKind::kName) && !IsName("else") && !IsName("or") && !IsName("and");
  if (IsOperator("(")) {
    auto [positional, named] = ParseArguments();
    for (auto& argument : positional) test.parts.push_back(std::move(argument));
    test.named = std::move(named);
  } else if (bracket || word || Is(TokenKind::kString) || Is(TokenKind::kNumber)) {
    if (IsName("is")) FailAt(Look().at, "tests cannot be chained with 'is'; use 'and'");
    test.parts.push_back(ParsePostfix(ParsePrimary()));
  }
  const size_t at = test.at;
  ExpressionPtr value = Make(std::move(test));
  return negated ? Make(Op::kNot, at, "", std::move(value)) : std::move(value);
}

}  // namespace r1zero::jinja
