#include "tasks/jinja_parser.h"

#include <algorithm>
#include <initializer_list>

#include "tasks/jinja_expression_parser.h"

namespace r1zero::jinja {
namespace {

using Ends = std::initializer_list<const char*>;

class Parser : public ExpressionParser {
 public:
  using ExpressionParser::ExpressionParser;

  Block Run() { return ParseBlock({}); }

 private:
  // Statements up to a tag that begins with one of `ends`, whose name is next then.
  Block ParseBlock(Ends ends) {
    const Nested nested(*this);
    Block block;
    while (!Is(TokenKind::kEnd)) {
      const size_t at = Look().at;
      if (Is(TokenKind::kData)) {
        block.push_back({.what = Do::kData, .at = at, .text = Take().text});
      } else if (Is(TokenKind::kVariableBegin)) {
        Take();
        block.push_back({.what = Do::kOutput, .at = at, .value = ParseTuple()});
        Expect(TokenKind::kVariableEnd, "'}}'");
      } else {
        Expect(TokenKind::kBlockBegin, "'{%'");
        if (std::ranges::any_of(ends, [&](const char* end) { return IsName(end); })) return block;
        block.push_back(ParseStatement());
        Expect(TokenKind::kBlockEnd, "'%}'");
      }
    }
    if (ends.size() > 0) FailExpected("'{% " + std::string(*(ends.end() - 1)) + " %}'");
    return block;
  }

  // As above, and takes the end's name.
  Block ParseBody(const char* end) {
    Expect(TokenKind::kBlockEnd, "'%}'");
    Block body = ParseBlock({end});
    Take();
    return body;
  }

  Statement ParseStatement() {
    const size_t at = Look().at;
    const std::string name = ExpectName("a statement");
    if (name == "if") return ParseIf(at);
    if (name == "for") return ParseFor(at);
    if (name == "set") return ParseSet(at);
    if (name == "macro") return ParseMacro(at);
    if (name == "generation")
      return {.what = Do::kScope, .at = at, .body = WithoutLoops("endgeneration")};
    if (name == "break" || name == "continue") return ParseJump(at, name);
    if (name == "filter") return ParseFilterBlock(at);
    if (name == "with") return ParseWith(at);
    FailAt(at, "the statement '" + name +
                   "' is not supported. Supported are break continue filter for generation if "
                   "macro raw set with");
  }

  Statement ParseIf(size_t at) {
    Statement statement{.what = Do::kIf, .at = at};
    std::string end = "if";
    while (end == "if" || end == "elif") {
      ExpressionPtr condition = ParseTuple(/*with_if=*/false);
      Expect(TokenKind::kBlockEnd, "'%}'");
      Block body = ParseBlock({"elif", "else", "endif"});
      statement.branches.push_back({std::move(condition), std::move(body)});
      end = Take().text;
    }
    if (end == "else") statement.other = ParseBody("endif");
    return statement;
  }

  Statement ParseFor(size_t at) {
    Statement statement{.what = Do::kFor, .at = at};
    statement.target = ParseTarget("in");
    if (!SkipName("in")) FailExpected("'in'");
    statement.value = ParseTuple(/*with_if=*/false, "recursive");
    if (SkipName("if")) statement.condition = ParseExpression();
    if (IsName("recursive")) FailAt(Look().at, "'recursive' loops are not supported");
    Expect(TokenKind::kBlockEnd, "'%}'");
    ++loops_;
    statement.body = ParseBlock({"else", "endfor"});
    --loops_;
    if (Take().text == "else") statement.other = ParseBody("endfor");
    return statement;
  }

  Statement ParseSet(size_t at) {
    Statement statement{.what = Do::kSet, .at = at};
    statement.target = ParseTarget("", /*with_attributes=*/true);
    if (SkipOperator("=")) {
      statement.value = ParseTuple();
      return statement;
    }
    statement.what = Do::kSetBlock;
    statement.value = ParseFilters(nullptr);
    statement.body = WithoutLoops("endset");
    return statement;
  }

  Statement ParseFilterBlock(size_t at) {
    Statement statement{.what = Do::kFilterBlock, .at = at};
    statement.value = ParseFilters(ParseFilter(nullptr));
    statement.body = WithoutLoops("endfilter");
    return statement;
  }

  // {% with %} is a scope within a loop: break and continue leave it.
  Statement ParseWith(size_t at) {
    Statement statement{.what = Do::kWith, .at = at};
    while (!Is(TokenKind::kBlockEnd)) {
      if (!statement.parameters.empty()) ExpectOperator(",");
      std::string name = ExpectName("a name");
      ExpectOperator("=");
      statement.parameters.emplace_back(std::move(name), ParseExpression());
    }
    statement.body = ParseBody("endwith");
    return statement;
  }

  // A macro sees the names around it when it is called. Where those are only the template's own,
  // they outlive it; in a loop they would not.
  Statement ParseMacro(size_t at) {
    if (scopes_ > 0 || loops_ > 0 || macros_ > 0)
      FailAt(at, "a macro within a loop, a macro or a block is not supported; move it out");
    Statement statement{.what = Do::kMacro, .at = at, .text = ExpectName("the macro's name")};
    ++macros_;
    ExpectOperator("(");
    while (!IsOperator(")")) {
      if (!statement.parameters.empty()) ExpectOperator(",");
      ParseParameter(statement);
    }
    ExpectOperator(")");
    statement.body = WithoutLoops("endmacro");
    --macros_;
    return statement;
  }

  void ParseParameter(Statement& macro) {
    const size_t at = Look().at;
    std::string name = ExpectName("a parameter");
    for (const auto& other : macro.parameters)
      if (other.first == name) FailAt(at, "the parameter '" + name + "' stands here twice");
    ExpressionPtr standard = SkipOperator("=") ? ParseExpression() : nullptr;
    if (!standard && !macro.parameters.empty() && macro.parameters.back().second)
      FailAt(at, "the parameter '" + name + "' has no default, expected one as before it");
    macro.parameters.emplace_back(std::move(name), std::move(standard));
  }

  Statement ParseJump(size_t at, const std::string& name) {
    if (loops_ == 0) FailAt(at, "found '" + name + "' outside of a loop");
    return {.what = name == "break" ? Do::kBreak : Do::kContinue, .at = at};
  }

  // A body that break and continue cannot leave.
  Block WithoutLoops(const char* end) {
    const int loops = std::exchange(loops_, 0);
    ++scopes_;
    Block body = ParseBody(end);
    --scopes_;
    loops_ = loops;
    return body;
  }

  Target ParseTarget(std::string_view end, bool with_attributes = false) {
    Target target{.at = Look().at, .tuple = true};
    while (true) {
      if (!target.parts.empty()) ExpectOperator(",");
      if (IsOperator(")") || IsOperator("=") || Is(TokenKind::kBlockEnd) || IsName(end)) break;
      target.parts.push_back(ParseTargetPart(with_attributes));
      if (IsOperator(",")) continue;
      if (target.parts.size() > 1) break;
      return std::move(target.parts[0]);
    }
    if (target.parts.empty()) FailExpected("a name to assign to");
    return target;
  }

  Target ParseTargetPart(bool with_attributes) {
    if (IsOperator("(")) return ParseTargetInBrackets(with_attributes);
    Target target{.at = Look().at, .name = ExpectName("a name to assign to")};
    constexpr std::string_view kNoNames[] = {"true", "True", "false", "False",
                                             "none", "None", "loop",  "self"};
    if (std::ranges::find(kNoNames, target.name) != std::end(kNoNames))
      FailAt(target.at, "'" + target.name + "' cannot be assigned to");
    if (with_attributes && SkipOperator(".")) target.attribute = ExpectName("an attribute");
    return target;
  }

  Target ParseTargetInBrackets(bool with_attributes) {
    const Nested nested(*this);
    Take();
    Target target = ParseTarget("", with_attributes);
    ExpectOperator(")");
    return target;
  }

  int loops_ = 0, scopes_ = 0;
};

}  // namespace

Block Parse(const Source& source, const TemplateLimits& limits) {
  return Parser(source, limits).Run();
}

}  // namespace r1zero::jinja
