// Attributes, items and slices, in the order in which Jinja's sandbox looks for them.
#include <algorithm>
#include <limits>

#include "tasks/jinja_names.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

void RequireDefined(const Value& value) {
  if (value.IsUndefined()) Fail(*value.As<Undefined>().why);
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

// Attributes that Python's own types have, besides those whose calls are supported.
bool HasOtherAttribute(const Value& value, std::string_view name) {
  if (value.IsText())
    return IsOneOf(name, {"casefold",   "center",     "encode",      "expandtabs", "format",
                          "format_map", "isalnum",    "isascii",     "isdecimal",  "isidentifier",
                          "islower",    "isnumeric",  "isprintable", "isspace",    "istitle",
                          "isupper",    "ljust",      "maketrans",   "partition",  "rindex",
                          "rjust",      "rpartition", "swapcase",    "translate",  "zfill"});
  if (value.IsDict()) return IsOneOf(name, {"copy", "fromkeys"});
  if (value.IsList() && value.list().kind == ListKind::kList) return name == "copy";
  if (value.IsNumber())
    return IsOneOf(name, {"as_integer_ratio", "bit_count", "bit_length", "conjugate", "denominator",
                          "from_bytes", "fromhex", "hex", "imag", "is_integer", "numerator", "real",
                          "to_bytes"});
  return value.Is<std::shared_ptr<const Loop>>() && name == "changed";
}

// A method of the value whose call is supported.
bool HasMethod(const Value& value, std::string_view name) {
  if (value.IsDict()) return IsOneOf(name, {"get", "items", "keys", "values"});
  if (value.IsList())
    return IsOneOf(name, {"count", "index"}) && value.list().kind <= ListKind::kRange;
  if (value.Is<std::shared_ptr<const Loop>>()) return name == "cycle";
  return value.IsText() && IsSupported(NameOf::kMethod, name) &&
         !IsOneOf(name, {"get", "items", "keys", "values", "cycle"});
}

// The sandbox gives nothing for these, even where a dict has such a key.
bool IsUnsafe(const Value& value, std::string_view name) {
  if (name.starts_with("__") && name.ends_with("__")) return true;
  if (value.IsDict()) return IsOneOf(name, {"clear", "pop", "popitem", "setdefault", "update"});
  return value.IsList() && value.list().kind == ListKind::kList &&
         IsOneOf(name, {"append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort"});
}

std::optional<Value> OfLoop(const Loop& loop, std::string_view name) {
  const std::vector<Value>& items = loop.items->items;
  const auto count = static_cast<int64_t>(items.size());
  const auto i = static_cast<int64_t>(loop.index0);
  if (name == "index0") return i;
  if (name == "index") return i + 1;
  if (name == "first") return i == 0;
  if (name == "last") return i + 1 == count;
  if (name == "length") return count;
  if (name == "revindex") return count - i;
  if (name == "revindex0") return count - i - 1;
  if (name == "depth") return int64_t{1};
  if (name == "depth0") return int64_t{0};
  if (name == "previtem")
    return i > 0 ? items[loop.index0 - 1] : UndefinedValue("there is no previous item");
  if (name == "nextitem")
    return i + 1 < count ? items[loop.index0 + 1] : UndefinedValue("there is no next item");
  return std::nullopt;
}

std::optional<Value> FindAttribute(const Value& value, std::string_view name) {
  if (IsUnsafe(value, name))
    return UndefinedValue("the attribute '" + std::string(name) + "' is not safe");
  if (HasMethod(value, name)) return Value(Callable{CallableKind::kMethod, std::string(name)});
  Require(!HasOtherAttribute(value, name), "the attribute '", name, "' of '", value.TypeName(),
          "' is not supported");
  if (value.Is<std::shared_ptr<const Loop>>())
    return OfLoop(*value.As<std::shared_ptr<const Loop>>(), name);
  if (value.Is<Namespace*>())
    for (const auto& [attribute, held] : value.As<Namespace*>()->attributes)
      if (attribute == name) return held;
  return std::nullopt;
}

// Position `index` of `size`, counted from the end if negative.
std::optional<size_t> Position(int64_t index, size_t size) {
  if (index < 0) index += static_cast<int64_t>(size);
  if (index < 0 || index >= static_cast<int64_t>(size)) return std::nullopt;
  return static_cast<size_t>(index);
}

std::optional<Value> FindItem(const Value& value, const Value& key, Budget& budget) {
  if (value.IsDict()) {
    if (key.IsDict() || (key.IsList() && key.list().kind == ListKind::kList)) return std::nullopt;
    const Value* found = Find(value.dict(), key, budget);
    return found ? std::optional(*found) : std::nullopt;
  }
  if (!key.IsWhole()) return std::nullopt;
  if (value.IsList() && value.list().kind <= ListKind::kRange) {
    const auto at = Position(key.whole(), value.list().items.size());
    return at ? std::optional(value.list().items[*at]) : std::nullopt;
  }
  if (!value.IsText()) return std::nullopt;
  budget.SpendText(value.text().size());
  const auto characters = Characters(value.text());
  const auto at = Position(key.whole(), characters.size());
  return at ? std::optional(Value(characters[*at], value.IsMarkup())) : std::nullopt;
}

Value Missing(const Value& value, std::string_view name) {
  return UndefinedValue("'" + std::string(value.TypeName()) + " object' has no attribute '" +
                        std::string(name) + "'");
}

std::optional<int64_t> Bound(const Value& bound) {
  if (bound.IsNone()) return std::nullopt;
  RequireDefined(bound);
  Require(bound.IsWhole(), "a slice has a bound that is '", bound.TypeName(),
          "', expected an integer or none");
  return bound.whole();
}

// The positions that a slice names, as CPython's PySlice_AdjustIndices has them.
std::vector<size_t> SlicePositions(std::optional<int64_t> begin, std::optional<int64_t> end,
                                   int64_t step, int64_t size) {
  const int64_t lowest = step < 0 ? -1 : 0, highest = step < 0 ? size - 1 : size;
  const auto clamp = [&](int64_t bound) {
    if (bound < 0) bound = bound < -size ? lowest : bound + size;
    return std::clamp(bound, lowest, highest);
  };
  const int64_t from = begin ? clamp(*begin) : step < 0 ? highest : 0;
  const int64_t to = end ? clamp(*end) : step < 0 ? lowest : size;
  std::vector<size_t> positions;
  for (int64_t i = from; step < 0 ? i > to : i < to;) {
    positions.push_back(static_cast<size_t>(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return positions;
}

}  // namespace

Value Attribute(const Value& value, std::string_view name, Budget& budget) {
  RequireDefined(value);
  if (auto attribute = FindAttribute(value, name)) return *attribute;
  if (auto item = FindItem(value, Value(name), budget)) return *item;
  return Missing(value, name);
}

Value Item(const Value& value, const Value& key, Budget& budget) {
  RequireDefined(value);
  if (auto item = FindItem(value, key, budget)) return *item;
  if (key.IsText()) {
    if (auto attribute = FindAttribute(value, key.text())) return *attribute;
    return Missing(value, key.text());
  }
  return UndefinedValue("'" + std::string(value.TypeName()) + " object' has no such element");
}

Value Slice(const Value& value, const Value& begin, const Value& end, const Value& step,
            Budget& budget) {
  RequireDefined(value);
  const bool list = value.IsList() && value.list().kind <= ListKind::kRange;
  Require(list || value.IsText(), "'", value.TypeName(), "' object has no slices");
  const auto from = Bound(begin), to = Bound(end);
  const int64_t by = Bound(step).value_or(1);
  Require(by != 0, "a slice has step 0");
  if (list) {
    std::vector<Value> items;
    budget.SpendItems(value.list().items.size());
    for (const size_t i :
         SlicePositions(from, to, by, static_cast<int64_t>(value.list().items.size())))
      items.push_back(value.list().items[i]);
    return MakeList(std::move(items), budget, value.list().kind);
  }
  budget.SpendText(value.text().size());
  const auto characters = Characters(value.text());
  std::string text;
  for (const size_t i : SlicePositions(from, to, by, static_cast<int64_t>(characters.size())))
    text += characters[i];
  return MakeText(std::move(text), budget, value.IsMarkup());
}

bool Contains(const Value& container, const Value& item, Budget& budget) {
  if (container.IsText()) {
    Require(item.IsText(), "'in <string>' requires string as left operand, not ", item.TypeName());
    budget.SpendSearch(container.text().size(), item.text().size());
    return container.text().find(item.text()) != std::string_view::npos;
  }
  if (container.IsDict()) {
    Require(!item.IsDict() && !(item.IsList() && item.list().kind == ListKind::kList),
            "unhashable type: '", item.TypeName(), "'");
    return Find(container.dict(), item, budget) != nullptr;
  }
  return std::ranges::any_of(Items(container, budget)->items,
                             [&](const Value& other) { return Equal(other, item, budget); });
}

}  // namespace r1zero::jinja
