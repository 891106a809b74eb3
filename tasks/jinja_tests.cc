// What may stand behind `is`.
#include <map>

#include "tasks/jinja_calls.h"
#include "tasks/jinja_names.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

using Test = bool (*)(const Value&);

bool IsIterable(const Value& v) {
  return v.IsText() || v.IsList() || v.IsDict() || v.IsUndefined() ||
         v.Is<std::shared_ptr<const Loop>>();
}

bool IsSequence(const Value& v) {
  return v.IsText() || v.IsDict() || v.IsUndefined() ||
         (v.IsList() && v.list().kind <= ListKind::kRange);
}

bool HasCase(const Value& v) {
  if (!v.IsText()) return false;
  return Lower(v.text()) != Upper(v.text());
}

const std::map<std::string_view, Test> kTests = {
    {"boolean", [](const Value& v) { return v.Is<bool>(); }},
    {"callable",
     [](const Value& v) { return v.Is<std::shared_ptr<const Callable>>() || v.IsUndefined(); }},
    {"defined", [](const Value& v) { return !v.IsUndefined(); }},
    {"false", [](const Value& v) { return v.Is<bool>() && !v.As<bool>(); }},
    {"float", [](const Value& v) { return v.Is<double>(); }},
    {"integer", [](const Value& v) { return v.Is<int64_t>(); }},
    {"iterable", IsIterable},
    {"lower", [](const Value& v) { return HasCase(v) && Lower(v.text()) == v.text(); }},
    {"mapping", [](const Value& v) { return v.IsDict(); }},
    {"none", [](const Value& v) { return v.IsNone(); }},
    {"number", [](const Value& v) { return v.IsNumber(); }},
    {"sequence", IsSequence},
    {"string", [](const Value& v) { return v.IsText(); }},
    {"true", [](const Value& v) { return v.Is<bool>() && v.As<bool>(); }},
    {"undefined", [](const Value& v) { return v.IsUndefined(); }},
    {"upper", [](const Value& v) { return HasCase(v) && Upper(v.text()) == v.text(); }},
};

const std::map<std::string_view, std::string_view> kComparisons = {
    {"==", "=="}, {"eq", "=="},         {"equalto", "=="}, {"!=", "!="}, {"ne", "!="}, {"<", "<"},
    {"lt", "<"},  {"lessthan", "<"},    {"<=", "<="},      {"le", "<="}, {">", ">"},   {"gt", ">"},
    {">=", ">="}, {"greaterthan", ">"}, {"ge", ">="},      {"in", "in"},
};

Value Rest(const Value& a, const Value& b, Budget& budget) { return Arithmetic("%", a, b, budget); }

}  // namespace

bool ApplyTest(std::string_view name, const Value& input, const Arguments& arguments,
               Budget& budget) {
  const bool odd = name == "odd";
  if (const auto test = kTests.find(name); test != kTests.end()) {
    Bind(name, arguments, {});
    return test->second(input);
  }
  if (odd || name == "even") {
    Bind(name, arguments, {});
    return Equal(Rest(input, int64_t{2}, budget), int64_t{odd}, budget);
  }
  const auto other = Bind(name, arguments, {"other"})[0];
  Require(other.has_value(), "the test '", name, "' lacks its argument");
  if (name == "divisibleby") return Equal(Rest(input, *other, budget), int64_t{0}, budget);
  const auto comparison = kComparisons.find(name);
  if (comparison == kComparisons.end()) Fail(NotSupported(NameOf::kTest, name));
  return Compare(comparison->second, input, *other, budget);
}

}  // namespace r1zero::jinja
