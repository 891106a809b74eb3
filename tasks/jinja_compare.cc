// == and < of values, as Python has them.
#include <algorithm>
#include <cmath>

#include "tasks/jinja_value.h"

namespace r1zero::jinja {
namespace {

// 64 bits of mantissa: every integer and every double is exact.
long double Exact(const Value& number) {
  return number.Is<double>() ? static_cast<long double>(number.As<double>())
                             : static_cast<long double>(number.whole());
}

std::optional<int> OrderNumbers(const Value& a, const Value& b) {
  const long double x = Exact(a), y = Exact(b);
  if (std::isnan(x) || std::isnan(y)) return std::nullopt;
  return x < y ? -1 : x > y;
}

bool EqualItems(const List& a, const List& b, Budget& budget) {
  if (a.kind != b.kind || a.kind == ListKind::kGenerator) return &a == &b;
  return std::ranges::equal(a.items, b.items,
                            [&](const Value& x, const Value& y) { return Equal(x, y, budget); });
}

bool EqualEntries(const Dict& a, const Dict& b, Budget& budget) {
  return a.entries.size() == b.entries.size() &&
         std::ranges::all_of(a.entries, [&](const auto& entry) {
           const Value* other = Find(b, entry.first, budget);
           return other && Equal(entry.second, *other, budget);
         });
}

std::optional<int> OrderLists(const List& a, const List& b, Budget& budget) {
  for (size_t i = 0; i < std::min(a.items.size(), b.items.size()); ++i)
    if (!Equal(a.items[i], b.items[i], budget)) return Order(a.items[i], b.items[i], budget);
  return a.items.size() < b.items.size() ? -1 : a.items.size() > b.items.size();
}

bool Ordered(const Value& a, const Value& b) {
  return a.IsList() && b.IsList() && a.list().kind == b.list().kind &&
         (a.list().kind == ListKind::kList || a.list().kind == ListKind::kTuple);
}

}  // namespace

bool Equal(const Value& a, const Value& b, Budget& budget) {
  budget.Spend(1);
  if (a.IsNumber() && b.IsNumber()) return OrderNumbers(a, b) == 0;
  if (a.IsText() && b.IsText()) return a.text() == b.text();
  if (a.IsList() && b.IsList()) return EqualItems(a.list(), b.list(), budget);
  if (a.IsDict() && b.IsDict()) return EqualEntries(a.dict(), b.dict(), budget);
  if (a.Is<Namespace*>() && b.Is<Namespace*>()) return a.As<Namespace*>() == b.As<Namespace*>();
  return (a.IsNone() && b.IsNone()) || (a.IsUndefined() && b.IsUndefined());
}

std::optional<int> Order(const Value& a, const Value& b, Budget& budget) {
  budget.Spend(1);
  if (a.IsNumber() && b.IsNumber()) return OrderNumbers(a, b);
  if (a.IsText() && b.IsText()) return a.text().compare(b.text());
  if (Ordered(a, b)) return OrderLists(a.list(), b.list(), budget);
  for (const Value* value : {&a, &b})
    if (value->IsUndefined()) Fail(*value->As<Undefined>().why);
  Fail("'", a.TypeName(), "' and '", b.TypeName(), "' have no order");
}

}  // namespace r1zero::jinja
