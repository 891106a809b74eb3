// Methods of Python's types that templates call.
#include <algorithm>
#include <map>

#include "tasks/jinja_calls.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

using Bound = std::vector<std::optional<Value>>;
using Method = Value (*)(const Value& text, const Bound& arguments, Budget& budget);

// A result of a method of a marked text is marked.
Value Like(const Value& self, std::string_view text, Budget& budget) {
  return MakeText(std::string(text), budget, self.IsMarkup());
}

std::optional<std::string_view> TextOrNone(std::string_view callee,
                                           const std::optional<Value>& value) {
  if (!value || value->IsNone()) return std::nullopt;
  return TextOf(callee, value);
}

template <Side side>
Value StripMethod(const Value& self, const Bound& a, Budget& budget) {
  const auto chars = TextOrNone("strip", a[0]);
  budget.SpendSearch(self.text().size(), chars ? chars->size() : 1);
  return Like(self, Strip(self.text(), chars, side), budget);
}

Value TextList(const Value& self, const std::vector<std::string_view>& parts, Budget& budget) {
  std::vector<Value> items;
  budget.SpendText(self.text().size());
  budget.SpendItems(4 * parts.size());
  for (const std::string_view part : parts) items.emplace_back(part, self.IsMarkup());
  return MakeList(std::move(items), budget);
}

template <bool from_right>
Value SplitMethod(const Value& self, const Bound& a, Budget& budget) {
  const auto separator = TextOrNone("split", a[0]);
  budget.SpendSearch(self.text().size(), separator ? separator->size() : 1);
  const int64_t most = WholeOf("split", a[1], -1);
  const auto split = from_right ? SplitFromRight : Split;
  return TextList(self, split(self.text(), separator, most), budget);
}

Value SplitLinesMethod(const Value& self, const Bound& a, Budget& budget) {
  return TextList(self, SplitLines(self.text(), a[0] && a[0]->Truthy()), budget);
}

// The part of a text that [begin, end) names, counted in characters as a slice's bounds are.
std::string_view Part(const Value& self, const std::optional<Value>& begin,
                      const std::optional<Value>& end, Budget& budget, Value& keeps) {
  if (!begin && !end) return self.text();
  keeps = Slice(self, begin.value_or(None{}), end.value_or(None{}), None{}, budget);
  return keeps.text();
}

template <bool front>
Value EndMethod(const Value& self, const Bound& a, Budget& budget) {
  Value keeps;
  const std::string_view part = Part(self, a[1], a[2], budget, keeps);
  const auto fits = [&](const Value& affix) {
    const std::string_view text = TextOf(front ? "startswith" : "endswith", affix);
    return front ? part.starts_with(text) : part.ends_with(text);
  };
  if (a[0] && a[0]->IsList() && a[0]->list().kind == ListKind::kTuple)
    return std::ranges::any_of(a[0]->list().items, fits);
  Require(a[0].has_value(), "'startswith' and 'endswith' lack an argument, expected text");
  return fits(*a[0]);
}

Value ReplaceMethod(const Value& self, const Bound& a, Budget& budget) {
  const std::string_view old = TextOf("replace", a[0]), with = TextOf("replace", a[1]);
  const std::string escaped =
      self.IsMarkup() && !a[1]->IsMarkup() ? EscapeHtml(with) : std::string(with);
  budget.SpendSearch(self.text().size(), old.size());
  budget.SpendText(self.text().size() + Count(self.text(), old) * escaped.size());
  return Like(self, Replace(self.text(), old, escaped, WholeOf("replace", a[2], -1)), budget);
}

template <bool last>
Value FindMethod(const Value& self, const Bound& a, Budget& budget) {
  Require(!a[1] && !a[2], "'find' with a place to begin at is not supported");
  const std::string_view what = TextOf("find", a[0]);
  budget.SpendSearch(self.text().size(), what.size());
  const size_t at = last ? self.text().rfind(what) : self.text().find(what);
  if (at == std::string_view::npos) return int64_t{-1};
  return static_cast<int64_t>(CodePoints(self.text().substr(0, at)));
}

Value IndexMethod(const Value& self, const Bound& a, Budget& budget) {
  const Value at = FindMethod<false>(self, a, budget);
  Require(at.whole() >= 0, "'index' finds no such text");
  return at;
}

Value CountMethod(const Value& self, const Bound& a, Budget& budget) {
  Require(!a[1] && !a[2], "'count' with a place to begin at is not supported");
  const std::string_view what = TextOf("count", a[0]);
  budget.SpendSearch(self.text().size(), what.size());
  return static_cast<int64_t>(Count(self.text(), what));
}

Value JoinMethod(const Value& self, const Bound& a, Budget& budget) {
  Require(a[0].has_value(), "'join' lacks an argument, expected a list of texts");
  std::string joined;
  bool first = true;
  const auto items = Items(*a[0], budget);
  for (const Value& item : items->items) {
    if (!std::exchange(first, false)) joined += self.text();
    // markupsafe escapes whatever it joins; str takes texts only.
    if (self.IsMarkup() && !item.IsMarkup())
      joined += EscapeHtml(Printed(item, budget));
    else
      joined += TextOf("join", item);
    budget.SpendText(joined.size() / 16);
  }
  return Like(self, joined, budget);
}

std::string Capitalized(std::string_view text) {
  const auto characters = Characters(text);
  if (characters.empty()) return "";
  return Upper(characters[0]) + Lower(text.substr(characters[0].size()));
}

// A letter after none begins a word.
std::string TitleOf(std::string_view text) {
  std::string title = Lower(text);
  bool inside = false;
  for (char& c : title) {
    const bool letter = c >= 'a' && c <= 'z';
    if (letter && !inside) c = Upper(std::string_view(&c, 1))[0];
    inside = letter;
  }
  return title;
}

bool EveryCharacter(const Value& self, bool digits) {
  Upper(self.text());  // only ASCII has its letters and digits known here
  return !self.text().empty() && std::ranges::all_of(self.text(), [&](char c) {
    const char lower = static_cast<char>(c | 0x20);
    return digits ? c >= '0' && c <= '9' : lower >= 'a' && lower <= 'z';
  });
}

struct Entry {
  Method method;
  std::vector<std::string> parameters;
};

const std::map<std::string_view, Entry> kTextMethods = {
    {"capitalize",
     {[](const Value& s, const Bound&, Budget& b) { return Like(s, Capitalized(s.text()), b); },
      {}}},
    {"count", {CountMethod, {"sub", "start", "end"}}},
    {"endswith", {EndMethod<false>, {"suffix", "start", "end"}}},
    {"find", {FindMethod<false>, {"sub", "start", "end"}}},
    {"index", {IndexMethod, {"sub", "start", "end"}}},
    {"isalpha",
     {[](const Value& s, const Bound&, Budget&) { return Value(EveryCharacter(s, false)); }, {}}},
    {"isdigit",
     {[](const Value& s, const Bound&, Budget&) { return Value(EveryCharacter(s, true)); }, {}}},
    {"join", {JoinMethod, {"iterable"}}},
    {"lower",
     {[](const Value& s, const Bound&, Budget& b) { return Like(s, Lower(s.text()), b); }, {}}},
    {"lstrip", {StripMethod<Side::kLeft>, {"chars"}}},
    {"removeprefix",
     {[](const Value& s, const Bound& a, Budget& b) {
        const std::string_view affix = TextOf("removeprefix", a[0]);
        std::string_view text = s.text();
        if (text.starts_with(affix)) text.remove_prefix(affix.size());
        return Like(s, text, b);
      },
      {"prefix"}}},
    {"removesuffix",
     {[](const Value& s, const Bound& a, Budget& b) {
        const std::string_view affix = TextOf("removesuffix", a[0]);
        std::string_view text = s.text();
        if (text.ends_with(affix)) text.remove_suffix(affix.size());
        return Like(s, text, b);
      },
      {"suffix"}}},
    {"replace", {ReplaceMethod, {"old", "new", "count"}}},
    {"rfind", {FindMethod<true>, {"sub", "start", "end"}}},
    {"rsplit", {SplitMethod<true>, {"sep", "maxsplit"}}},
    {"rstrip", {StripMethod<Side::kRight>, {"chars"}}},
    {"split", {SplitMethod<false>, {"sep", "maxsplit"}}},
    {"splitlines", {SplitLinesMethod, {"keepends"}}},
    {"startswith", {EndMethod<true>, {"prefix", "start", "end"}}},
    {"strip", {StripMethod<Side::kBoth>, {"chars"}}},
    {"title",
     {[](const Value& s, const Bound&, Budget& b) { return Like(s, TitleOf(s.text()), b); }, {}}},
    {"upper",
     {[](const Value& s, const Bound&, Budget& b) { return Like(s, Upper(s.text()), b); }, {}}},
};

Value CallOfText(const Value& self, std::string_view name, const Arguments& arguments,
                 Budget& budget) {
  const Entry& entry = kTextMethods.at(name);
  const bool by_name = name.ends_with("split") || name == "splitlines";
  Require(by_name || arguments.named.empty(), "'", name, "' takes no arguments by name");
  budget.SpendText(self.text().size());
  return entry.method(self, Bind(name, arguments, entry.parameters), budget);
}

Value CallOfDict(const Dict& dict, std::string_view name, const Arguments& arguments,
                 Budget& budget) {
  if (name == "get") {
    Require(arguments.named.empty(), "'get' takes no arguments by name");
    const auto bound = Bind(name, arguments, {"key", "default"});
    Require(bound[0].has_value(), "'get' lacks an argument, expected a key");
    const Value* found = Find(dict, *bound[0], budget);
    return found ? *found : bound[1].value_or(None{});
  }
  Bind(name, arguments, {});
  std::vector<Value> items;
  for (const auto& [key, value] : dict.entries)
    items.push_back(name == "keys"     ? key
                    : name == "values" ? value
                                       : MakeList({key, value}, budget, ListKind::kTuple));
  return MakeList(std::move(items), budget, ListKind::kView);
}

Value CallOfList(const List& list, std::string_view name, const Arguments& arguments,
                 Budget& budget) {
  const auto what = Bind(name, arguments, {"value"})[0];
  Require(what.has_value(), "'", name, "' lacks an argument");
  const auto same = [&](const Value& item) { return Equal(item, *what, budget); };
  if (name == "count") return static_cast<int64_t>(std::ranges::count_if(list.items, same));
  const auto at = std::ranges::find_if(list.items, same);
  Require(at != list.items.end(), "'index' finds no such item");
  return static_cast<int64_t>(at - list.items.begin());
}

Value Cycle(const Loop& loop, const Arguments& arguments) {
  Require(!arguments.positional.empty() && arguments.named.empty(),
          "'cycle' got no items, expected some");
  return arguments.positional[loop.index0 % arguments.positional.size()];
}

}  // namespace

Value CallMethod(const Value& object, std::string_view name, const Arguments& arguments,
                 Budget& budget) {
  if (object.IsText()) return CallOfText(object, name, arguments, budget);
  if (object.IsDict()) return CallOfDict(object.dict(), name, arguments, budget);
  if (object.IsList()) return CallOfList(object.list(), name, arguments, budget);
  return Cycle(*object.As<std::shared_ptr<const Loop>>(), arguments);
}

}  // namespace r1zero::jinja
