// Filters of lists: choosing, mapping, sorting and joining their items.
#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

#include "tasks/jinja_calls.h"
#include "tasks/jinja_names.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

using Bound = std::vector<std::optional<Value>>;
using ValueList = std::vector<Value>;
using Filter = Value (*)(const Value& input, const Bound& arguments, Budget& budget);

// item.a.0.b of the path "a.0.b", or item[path] if it is an integer.
Value AtPath(Value item, const Value& path, Budget& budget) {
  if (!path.IsText()) return Item(item, path, budget);
  for (const std::string_view part : Split(path.text(), ".", -1)) {
    int64_t index = 0;
    const auto [end, fault] = std::from_chars(part.data(), part.data() + part.size(), index);
    const bool whole = fault == std::errc() && end == part.data() + part.size() && part[0] != '-';
    item = Item(item, whole ? Value(index) : Value(part), budget);
  }
  return item;
}

Value IgnoringCase(const Value& value) {
  return value.IsText() ? Value(Lower(value.text())) : value;
}

// sorted(): stable, also in reverse.
ValueList Sorted(ValueList items, bool reverse, Budget& budget,
                 const std::function<Value(const Value&)>& key_of) {
  std::vector<std::pair<Value, Value>> keyed;
  for (Value& item : items) {
    Value key = key_of(item);
    keyed.emplace_back(std::move(key), std::move(item));
  }
  std::ranges::stable_sort(keyed, [&](const auto& a, const auto& b) {
    const auto order = Order(a.first, b.first, budget).value_or(0);
    return reverse ? order > 0 : order < 0;
  });
  for (size_t i = 0; i < keyed.size(); ++i) items[i] = std::move(keyed[i].second);
  return items;
}

std::function<Value(const Value&)> KeyOf(const std::optional<Value>& attribute, bool case_sensitive,
                                         Budget& budget) {
  return [&, case_sensitive](const Value& item) {
    const bool by = attribute && !attribute->IsNone();
    Require(!by || !attribute->IsText() || attribute->text().find(',') == std::string_view::npos,
            "several attributes to sort by are not supported");
    const Value key = by ? AtPath(item, *attribute, budget) : item;
    return case_sensitive ? key : IgnoringCase(key);
  };
}

Value DictSort(const Value& input, const Bound& a, Budget& budget) {
  if (input.IsUndefined()) Fail(*input.As<Undefined>().why);
  Require(input.IsDict(), "'dictsort' got a '", input.TypeName(), "', expected a dict");
  const bool case_sensitive = a[0] && a[0]->Truthy(), reverse = a[2] && a[2]->Truthy();
  const std::string_view by = a[1] ? TextOf("dictsort", a[1]) : "key";
  Require(by == "key" || by == "value", "'dictsort' by '", by, "', expected 'key' or 'value'");
  const Value pairs = CallMethod(input, "items", {}, budget);
  return MakeList(Sorted(pairs.list().items, reverse, budget,
                         KeyOf(Value(int64_t{by == "value"}), case_sensitive, budget)),
                  budget);
}

Value Sort(const Value& input, const Bound& a, Budget& budget) {
  const bool reverse = a[0] && a[0]->Truthy(), case_sensitive = a[1] && a[1]->Truthy();
  return MakeList(
      Sorted(Items(input, budget)->items, reverse, budget, KeyOf(a[2], case_sensitive, budget)),
      budget);
}

Value First(const Value& input, const Bound&, Budget& budget) {
  const auto items = Items(input, budget);
  return items->items.empty() ? UndefinedValue("No first item, sequence was empty.")
                              : items->items.front();
}

Value Last(const Value& input, const Bound&, Budget& budget) {
  Require(!input.IsList() || input.list().kind != ListKind::kGenerator,
          "'generator' object is not reversible; make it a list first");
  const auto items = Items(input, budget);
  return items->items.empty() ? UndefinedValue("No last item, sequence was empty.")
                              : items->items.back();
}

Value ListOf(const Value& input, const Bound&, Budget& budget) {
  return MakeList(Items(input, budget)->items, budget);
}

Value Join(const Value& input, const Bound& a, Budget& budget) {
  const std::string between = a[0] ? Printed(*a[0], budget) : "";
  std::string joined;
  bool first = true;
  const auto items = Items(input, budget);
  for (const Value& item : items->items) {
    if (!std::exchange(first, false)) joined += between;
    joined += Printed(a[1] && !a[1]->IsNone() ? AtPath(item, *a[1], budget) : item, budget);
    budget.Spend(static_cast<int64_t>(between.size() / 256));
    budget.CheckText(joined.size());
  }
  return MakeText(std::move(joined), budget);
}

Value Reverse(const Value& input, const Bound&, Budget& budget) {
  if (input.IsText()) return Slice(input, None{}, None{}, int64_t{-1}, budget);
  ValueList items = Items(input, budget)->items;
  std::ranges::reverse(items);
  const bool listed = input.IsList() && input.list().kind == ListKind::kGenerator;
  return MakeList(std::move(items), budget, listed ? ListKind::kList : ListKind::kGenerator);
}

Value Sum(const Value& input, const Bound& a, Budget& budget) {
  Value sum = a[1].value_or(int64_t{0});
  Require(!sum.IsText(), "'sum' of texts; use join");
  const auto items = Items(input, budget);
  for (const Value& item : items->items)
    sum =
        Arithmetic("+", sum, a[0] && !a[0]->IsNone() ? AtPath(item, *a[0], budget) : item, budget);
  return sum;
}

Value Unique(const Value& input, const Bound& a, Budget& budget) {
  const auto key_of = KeyOf(a[1], a[0] && a[0]->Truthy(), budget);
  ValueList kept, keys;
  const auto items = Items(input, budget);
  for (const Value& item : items->items) {
    Value key = key_of(item);
    RequireHashable(key);
    if (std::ranges::any_of(keys, [&](const Value& k) { return Equal(k, key, budget); })) continue;
    kept.push_back(item);
    keys.push_back(std::move(key));
  }
  return MakeList(std::move(kept), budget, ListKind::kGenerator);
}

template <bool largest>
Value Extreme(const Value& input, const Bound& a, Budget& budget) {
  const auto items = Items(input, budget);
  if (items->items.empty()) return UndefinedValue("No aggregated item, sequence was empty.");
  const auto key_of = KeyOf(a[1], a[0] && a[0]->Truthy(), budget);
  Value best = items->items[0], best_key = key_of(best);
  for (const Value& item : items->items) {
    Value key = key_of(item);
    const int order = Order(key, best_key, budget).value_or(0);
    if (largest ? order <= 0 : order >= 0) continue;
    best = item;
    best_key = std::move(key);
  }
  return best;
}

struct Entry {
  Filter filter;
  std::vector<std::string> parameters;
};

const std::map<std::string_view, Entry> kFilters = {
    {"dictsort", {DictSort, {"case_sensitive", "by", "reverse"}}},
    {"first", {First, {}}},
    {"join", {Join, {"d", "attribute"}}},
    {"last", {Last, {}}},
    {"list", {ListOf, {}}},
    {"max", {Extreme<true>, {"case_sensitive", "attribute"}}},
    {"min", {Extreme<false>, {"case_sensitive", "attribute"}}},
    {"reverse", {Reverse, {}}},
    {"sort", {Sort, {"reverse", "case_sensitive", "attribute"}}},
    {"sum", {Sum, {"attribute", "start"}}},
    {"unique", {Unique, {"case_sensitive", "attribute"}}},
};

// The first `count` positional arguments taken off.
Arguments Without(Arguments arguments, size_t count) {
  arguments.positional.erase(arguments.positional.begin(),
                             arguments.positional.begin() + static_cast<int64_t>(count));
  return arguments;
}

Value Map(const Value& input, const Arguments& arguments, Budget& budget) {
  ValueList mapped;
  if (!input.Truthy()) return MakeList({}, budget, ListKind::kGenerator);
  if (arguments.positional.empty()) {
    const auto bound = Bind("map", arguments, {"attribute", "default"});
    Require(bound[0].has_value(), "'map' lacks a filter's name or attribute=");
    Require(!bound[1], "'map' with a default is not supported");
    const auto items = Items(input, budget);
    for (const Value& item : items->items) mapped.push_back(AtPath(item, *bound[0], budget));
  } else {
    const std::string name(TextOf("map", arguments.positional[0]));
    const Arguments rest = Without(arguments, 1);
    const auto items = Items(input, budget);
    for (const Value& item : items->items) mapped.push_back(ApplyFilter(name, item, rest, budget));
  }
  return MakeList(std::move(mapped), budget, ListKind::kGenerator);
}

// select, reject, selectattr, rejectattr.
Value Select(std::string_view name, const Value& input, const Arguments& arguments,
             Budget& budget) {
  const bool by_attribute = name.ends_with("attr"), keep = name.starts_with("select");
  const size_t skip = by_attribute ? 1 : 0;
  ValueList kept;
  if (!input.Truthy()) return MakeList({}, budget, ListKind::kGenerator);
  Require(arguments.positional.size() >= skip, "'", name, "' lacks an attribute's name");
  const auto items = Items(input, budget);
  for (const Value& item : items->items) {
    budget.Spend(1);
    const Value value = by_attribute ? AtPath(item, arguments.positional[0], budget) : item;
    const bool holds = arguments.positional.size() == skip
                           ? value.Truthy()
                           : ApplyTest(TextOf(name, arguments.positional[skip]), value,
                                       Without(arguments, skip + 1), budget);
    if (holds == keep) kept.push_back(item);
  }
  return MakeList(std::move(kept), budget, ListKind::kGenerator);
}

}  // namespace

Value ApplyItemFilter(std::string_view name, const Value& input, const Arguments& arguments,
                      Budget& budget) {
  if (name == "map") return Map(input, arguments, budget);
  if (name.starts_with("select") || name.starts_with("reject"))
    return Select(name, input, arguments, budget);
  const auto filter = kFilters.find(name);
  if (filter == kFilters.end()) Fail(NotSupported(NameOf::kFilter, name));
  return filter->second.filter(input, Bind(name, arguments, filter->second.parameters), budget);
}

}  // namespace r1zero::jinja
