// Macros, and the functions that every template sees.
#include <array>
#include <charconv>
#include <utility>

#include "tasks/jinja_eval.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

constexpr int64_t kMaxRange = 100000;  // Jinja's sandbox has the same

constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                 "May",       "June",     "July",     "August",
                                                 "September", "October",  "November", "December"};

std::string TwoDigits(int64_t number) { return (number < 10 ? "0" : "") + std::to_string(number); }

struct Date {
  int64_t year = 0, month = 0, day = 0;
};

Date DateOf(std::string_view text) {
  Date date;
  const auto number = [&](size_t begin, size_t size) {
    int64_t value = -1;
    if (text.size() == 10) std::from_chars(&text[begin], &text[begin] + size, value);
    return value;
  };
  date = {number(0, 4), number(5, 2), number(8, 2)};
  Require(text.size() == 10 && text[4] == '-' && text[7] == '-' && date.year > 0 &&
              date.month >= 1 && date.month <= 12 && date.day >= 1 && date.day <= 31,
          "the variable 'today' is '", text, "', expected a date such as '2026-11-22'");
  return date;
}

std::string Formatted(const Date& date, std::string_view format) {
  std::string out;
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') {
      out += format[i];
      continue;
    }
    const char code = ++i < format.size() ? format[i] : '\0';
    const std::string month = kMonths[static_cast<size_t>(date.month - 1)];
    switch (code) {
      case '%': out += '%'; break;
      case 'd': out += TwoDigits(date.day); break;
      case 'm': out += TwoDigits(date.month); break;
      case 'Y': out += std::to_string(date.year); break;
      case 'B': out += month; break;
      case 'b': out += month.substr(0, 3); break;
      default:
        Fail("'strftime_now' with '%", std::string(1, code),
             "' is not supported, expected %d %m %Y %B %b");
    }
  }
  return out;
}

}  // namespace

Value Evaluator::Call(const Value& callee, const Arguments& arguments) {
  if (callee.IsUndefined()) Fail(*callee.As<Undefined>().why);
  const auto* callable = std::get_if<std::shared_ptr<const Callable>>(&callee.data());
  Require(callable, "'", callee.TypeName(), "' object is not callable");
  Require((*callable)->kind != CallableKind::kMethod, "the method '", (*callable)->name,
          "' is called by another name, which is not supported");
  if ((*callable)->macro) return CallMacro(*(*callable)->macro, arguments);
  return CallGlobal((*callable)->name, arguments);
}

// A macro sees its arguments and the names of the whole template, not those of its caller.
Value Evaluator::CallMacro(const Statement& macro, const Arguments& arguments) {
  std::vector<std::string> names;
  for (const auto& [name, standard] : macro.parameters) names.push_back(name);
  auto bound = Bind(macro.text, arguments, names);
  Scope scope;
  const Entered entered(*this, scope, root_);
  for (size_t i = 0; i < names.size(); ++i) {
    const ExpressionPtr& standard = macro.parameters[i].second;
    scope.names[names[i]] = bound[i] ? std::move(*bound[i])
                            : standard
                                ? Evaluate(*standard)
                                : UndefinedValue("parameter '" + names[i] + "' was not provided");
  }
  std::string text;
  std::string* const outside = std::exchange(out_, &text);
  Execute(macro.body);
  out_ = outside;
  return MakeText(std::move(text), budget_);
}

Value Evaluator::CallGlobal(std::string_view name, const Arguments& arguments) {
  if (name == "range") return Range(arguments);
  if (name == "namespace") return MakeNamespace(arguments);
  if (name == "dict") return DictOf(arguments);
  if (name == "strftime_now") return StrftimeNow(arguments);
  const auto message = Bind(name, arguments, {"message"})[0];
  Require(message.has_value(), "'raise_exception' lacks its message");
  Fail("the template refuses this conversation: ", Printed(*message, budget_));
}

Value Evaluator::Range(const Arguments& arguments) {
  auto bound = Bind("range", arguments, {"start", "stop", "step"});
  Require(bound[0] && arguments.named.empty(), "'range' lacks an argument, expected an integer");
  if (!bound[1]) std::swap(bound[0], bound[1]);
  const int64_t start = WholeOf("range", bound[0], 0), stop = WholeOf("range", bound[1], 0),
                step = WholeOf("range", bound[2], 1);
  Require(step != 0, "'range' has step 0");
  std::vector<Value> items;
  for (int64_t i = start; step < 0 ? i > stop : i < stop;) {
    Require(static_cast<int64_t>(items.size()) < kMaxRange, "'range' of more than ", kMaxRange,
            " numbers, the limit");
    items.emplace_back(i);
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return MakeList(std::move(items), budget_, ListKind::kRange);
}

Value Evaluator::DictOf(const Arguments& arguments) {
  Require(arguments.positional.size() <= 1, "'dict' takes at most 1 argument");
  std::vector<std::pair<Value, Value>> entries;
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    Require(from.IsDict(), "'dict' got a '", from.TypeName(), "', expected a dict");
    entries = from.dict().entries;
  }
  for (const auto& [name, value] : arguments.named) SetEntry(entries, Value(name), value, budget_);
  return MakeDict(std::move(entries), budget_);
}

Value Evaluator::MakeNamespace(const Arguments& arguments) {
  const Value dict = DictOf(arguments);
  Namespace& made = namespaces_.emplace_back();
  for (const auto& [name, value] : dict.dict().entries) {
    Require(name.IsText() && !name.text().starts_with('_'),
            "a namespace's attribute begins with '_' or is no text, expected a name");
    made.attributes.emplace_back(name.text(), value);
  }
  return &made;
}

Value Evaluator::StrftimeNow(const Arguments& arguments) {
  const auto format = Bind("strftime_now", arguments, {"format"})[0];
  const auto today = variables_.find("today");
  Require(today != variables_.end(),
          "'strftime_now' asks for the day, and a prompt must not depend on it; give the template "
          "its date_string, or the variable 'today' such as '2026-11-22'");
  return Formatted(DateOf(TextOf("strftime_now", today->second)), TextOf("strftime_now", format));
}

}  // namespace r1zero::jinja
