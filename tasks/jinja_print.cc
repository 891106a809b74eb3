// str() and repr() of values.
#include <charconv>
#include <cmath>

#include "tasks/jinja_text.h"
#include "tasks/jinja_value.h"

namespace r1zero::jinja {
namespace {

// The shortest digits that read back as the number, and the decimal exponent of the first.
struct Digits {
  std::string digits;
  int exponent;
};

Digits ShortestDigits(double number) {
  char buffer[40];
  const auto [end, fault] =
      std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  Digits result{std::string(1, text[0]), 0};
  if (e > 2) result.digits += text.substr(2, e - 2);
  const bool negative = text[e + 1] == '-';
  for (const char c : text.substr(e + 2)) result.exponent = 10 * result.exponent + (c - '0');
  if (negative) result.exponent = -result.exponent;
  return result;
}

std::string Positional(Digits d) {
  const int count = static_cast<int>(d.digits.size());
  if (d.exponent < 0) return "0." + std::string(-d.exponent - 1, '0') + d.digits;
  if (d.exponent >= count - 1) return d.digits + std::string(d.exponent - count + 1, '0') + ".0";
  return d.digits.insert(d.exponent + 1, ".");
}

std::string Scientific(Digits d) {
  if (d.digits.size() > 1) d.digits.insert(1, ".");
  const std::string exponent = std::to_string(std::abs(d.exponent));
  return d.digits + (d.exponent < 0 ? "e-" : "e+") + (exponent.size() < 2 ? "0" : "") + exponent;
}

class Printer {
 public:
  explicit Printer(Budget& budget) : budget_(budget) {}

  void Append(const Value& value, int depth) {
    budget_.Spend(1);
    Require(depth <= budget_.limits().nesting, "a value nested deeper than ",
            budget_.limits().nesting, ", the limit");
    if (value.IsText())
      AppendText(value);
    else if (value.IsList())
      AppendList(value.list(), depth);
    else if (value.IsDict())
      AppendEntries(value.dict().entries, depth);
    else if (value.Is<Namespace*>())
      AppendNamespace(*value.As<Namespace*>(), depth);
    else
      out += Scalar(value);
    budget_.CheckText(out.size());
  }

  std::string out;

 private:
  static std::string Scalar(const Value& value) {
    if (value.IsUndefined()) return "Undefined";
    if (value.IsNone()) return "None";
    if (value.Is<bool>()) return value.As<bool>() ? "True" : "False";
    if (value.Is<int64_t>()) return std::to_string(value.As<int64_t>());
    if (value.Is<double>()) return PrintedNumber(value.As<double>());
    Fail("a '", value.TypeName(), "' is printed, expected text, a number, a list or a dict");
  }

  void AppendText(const Value& value) {
    const std::string quoted = Quoted(value.text());
    out += value.IsMarkup() ? "Markup(" + quoted + ")" : quoted;
  }

  void AppendList(const List& list, int depth) {
    const bool tuple = list.kind == ListKind::kTuple;
    Require(tuple || list.kind == ListKind::kList,
            "a range, a generator or a view of a dict is printed; make it a list first");
    out += tuple ? '(' : '[';
    for (const Value& item : list.items) {
      if (&item != &list.items[0]) out += ", ";
      Append(item, depth + 1);
    }
    if (tuple && list.items.size() == 1) out += ',';
    out += tuple ? ')' : ']';
  }

  template <typename Entries>
  void AppendEntries(const Entries& entries, int depth) {
    out += '{';
    for (const auto& [key, value] : entries) {
      if (&key != &entries[0].first) out += ", ";
      Append(Value(key), depth + 1);
      out += ": ";
      Append(value, depth + 1);
    }
    out += '}';
  }

  void AppendNamespace(const Namespace& ns, int depth) {
    out += "<Namespace ";
    AppendEntries(ns.attributes, depth + 1);
    out += '>';
  }

  Budget& budget_;
};

}  // namespace

std::string PrintedNumber(double number) {
  if (std::isnan(number)) return "nan";
  const std::string sign = std::signbit(number) ? "-" : "";
  if (std::isinf(number)) return sign + "inf";
  const Digits digits = ShortestDigits(std::abs(number));
  const bool scientific = digits.exponent < -4 || digits.exponent >= 16;
  return sign + (scientific ? Scientific(digits) : Positional(digits));
}

std::string Repr(const Value& value, Budget& budget) {
  Printer printer(budget);
  printer.Append(value, 0);
  budget.SpendText(printer.out.size());
  return std::move(printer.out);
}

std::string Printed(const Value& value, Budget& budget) {
  if (value.IsUndefined()) return "";
  return value.IsText() ? std::string(value.text()) : Repr(value, budget);
}

}  // namespace r1zero::jinja
