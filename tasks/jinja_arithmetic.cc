#include <cmath>
#include <string>

#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

[[noreturn]] void FailTypes(std::string_view op, const Value& a, const Value& b) {
  for (const Value* value : {&a, &b})
    if (value->IsUndefined()) Fail(*value->As<Undefined>().why);
  Fail("unsupported operand types for ", op, ": '", a.TypeName(), "' and '", b.TypeName(), "'");
}

Value Joined(const Value& a, const Value& b, Budget& budget) {
  const bool markup = a.IsMarkup() || b.IsMarkup();
  const auto part = [&](const Value& text) {
    return markup && !text.IsMarkup() ? EscapeHtml(text.text()) : std::string(text.text());
  };
  budget.SpendText(a.text().size() + b.text().size());
  return MakeText(part(a) + part(b), budget, markup);
}

bool IsPlainList(const Value& value) {
  return value.IsList() &&
         (value.list().kind == ListKind::kList || value.list().kind == ListKind::kTuple);
}

Value JoinedLists(const Value& a, const Value& b, Budget& budget) {
  std::vector<Value> items = a.list().items;
  items.insert(items.end(), b.list().items.begin(), b.list().items.end());
  return MakeList(std::move(items), budget, a.list().kind);
}

Value Repeated(const Value& value, int64_t times, Budget& budget) {
  times = std::max<int64_t>(times, 0);
  const size_t size = value.IsText() ? value.text().size() : value.list().items.size();
  if (size == 0) times = 0;
  const size_t limit = budget.limits().output_bytes;
  Require(times == 0 || size <= limit / static_cast<size_t>(times), "a value repeated ", times,
          " times, which passes the limit of ", limit);
  if (value.IsText()) {
    std::string text;
    for (int64_t i = 0; i < times; ++i) text += value.text();
    return MakeText(std::move(text), budget, value.IsMarkup());
  }
  budget.SpendItems(size * static_cast<size_t>(times));
  std::vector<Value> items;
  for (int64_t i = 0; i < times; ++i)
    items.insert(items.end(), value.list().items.begin(), value.list().items.end());
  return MakeList(std::move(items), budget, value.list().kind);
}

int64_t Checked(bool overflow, const int64_t& result) {
  Require(!overflow, "an integer leaves 64 bits, the limit");
  return result;
}

Value Power(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    Require(base != 0, "0 to a negative power");
    return std::pow(static_cast<double>(base), static_cast<double>(exponent));
  }
  if (base == 0 || base == 1) return exponent == 0 ? int64_t{1} : base;
  if (base == -1) return int64_t{exponent % 2 ? -1 : 1};
  int64_t result = 1;
  for (int64_t i = 0; i < exponent; ++i)
    Checked(__builtin_mul_overflow(result, base, &result), result);
  return result;
}

// The remainder has the sign of the divisor.
Value DividedWholes(std::string_view op, int64_t a, int64_t b) {
  Require(b != 0, "division by zero");
  if (op == "/") return static_cast<double>(static_cast<long double>(a) / b);
  int64_t negated = 0;
  if (b == -1)
    return op == "%" ? int64_t{0} : Checked(__builtin_sub_overflow(0, a, &negated), negated);
  const bool down = a % b != 0 && ((a < 0) != (b < 0));
  return op == "//" ? a / b - down : a % b + (down ? b : 0);
}

Value OfWholes(std::string_view op, int64_t a, int64_t b) {
  int64_t result = 0;
  if (op == "+") return Checked(__builtin_add_overflow(a, b, &result), result);
  if (op == "-") return Checked(__builtin_sub_overflow(a, b, &result), result);
  if (op == "*") return Checked(__builtin_mul_overflow(a, b, &result), result);
  return op == "**" ? Power(a, b) : DividedWholes(op, a, b);
}

double Modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0) return std::copysign(0.0, b);
  return (rest < 0) != (b < 0) ? rest + b : rest;
}

// CPython's float_divmod.
double FloorDivided(double a, double b) {
  double rest = std::fmod(a, b);
  double quotient = (a - rest) / b;
  if (rest != 0 && (b < 0) != (rest < 0)) quotient -= 1;
  if (quotient == 0) return std::copysign(0.0, a / b);
  const double floor = std::floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

Value OfFloats(std::string_view op, double a, double b) {
  if (op == "+") return a + b;
  if (op == "-") return a - b;
  if (op == "*") return a * b;
  if (op == "**") {
    Require(a != 0 || b >= 0, "0 to a negative power");
    Require(a >= 0 || b == std::floor(b), "a negative number to a broken power");
    const double result = std::pow(a, b);
    Require(std::isfinite(result) || !std::isfinite(a) || !std::isfinite(b),
            "a power is out of range");
    return result;
  }
  Require(b != 0, "division by zero");
  if (op == "/") return a / b;
  return op == "//" ? FloorDivided(a, b) : Modulo(a, b);
}

}  // namespace

Value Arithmetic(std::string_view op, const Value& a, const Value& b, Budget& budget) {
  if (a.IsWhole() && b.IsWhole()) return OfWholes(op, a.whole(), b.whole());
  if (a.IsNumber() && b.IsNumber()) return OfFloats(op, a.number(), b.number());
  if (op == "+" && a.IsText() && b.IsText()) return Joined(a, b, budget);
  if (op == "+" && IsPlainList(a) && IsPlainList(b) && a.list().kind == b.list().kind)
    return JoinedLists(a, b, budget);
  if (op == "*" && (a.IsText() || IsPlainList(a)) && b.IsWhole())
    return Repeated(a, b.whole(), budget);
  if (op == "*" && (b.IsText() || IsPlainList(b)) && a.IsWhole())
    return Repeated(b, a.whole(), budget);
  Require(op != "%" || !a.IsText(), "'%' of a text is not supported; join texts with '~'");
  FailTypes(op, a, b);
}

Value Negative(const Value& value) {
  if (value.Is<double>()) return -value.As<double>();
  if (value.IsUndefined()) Fail(*value.As<Undefined>().why);
  Require(value.IsWhole(), "bad operand type for unary -: '", value.TypeName(), "'");
  return OfWholes("-", 0, value.whole());
}

bool Compare(std::string_view op, const Value& a, const Value& b, Budget& budget) {
  if (op == "==") return Equal(a, b, budget);
  if (op == "!=") return !Equal(a, b, budget);
  if (op == "in") return Contains(b, a, budget);
  if (op == "not in") return !Contains(b, a, budget);
  const std::optional<int> order = Order(a, b, budget);
  if (!order) return false;
  if (op == "<") return *order < 0;
  if (op == "<=") return *order <= 0;
  return op == ">" ? *order > 0 : *order >= 0;
}

}  // namespace r1zero::jinja
