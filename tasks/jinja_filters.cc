// Filters of one value: texts, numbers, JSON.
#include <charconv>
#include <cmath>
#include <map>

#include "tasks/jinja_calls.h"
#include "tasks/jinja_names.h"
#include "tasks/jinja_operations.h"
#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

using Bound = std::vector<std::optional<Value>>;
using Filter = Value (*)(const Value& input, const Bound& arguments, Budget& budget);

Value Like(const Value& self, std::string_view text, Budget& budget) {
  return MakeText(std::string(text), budget, self.IsMarkup());
}

Value Abs(const Value& input, const Bound&, Budget&) {
  if (input.IsUndefined()) Fail(*input.As<Undefined>().why);
  Require(input.IsNumber(), "bad operand type for abs(): '", input.TypeName(), "'");
  if (input.Is<double>()) return std::abs(input.As<double>());
  return input.whole() < 0 ? Negative(input) : Value(input.whole());
}

Value Capitalize(const Value& input, const Bound&, Budget& budget) {
  return CallMethod(AsText(input, budget), "capitalize", {}, budget);
}

Value Default(const Value& input, const Bound& a, Budget&) {
  const bool by_truth = a[1] && a[1]->Truthy();
  const bool missing = input.IsUndefined() || (by_truth && !input.Truthy());
  return missing ? a[0].value_or(Value("")) : input;
}

Value Escape(const Value& input, const Bound&, Budget& budget) {
  if (input.IsMarkup()) return input;
  return MakeText(EscapeHtml(Printed(input, budget)), budget, /*markup=*/true);
}

Value Safe(const Value& input, const Bound&, Budget& budget) {
  return MakeText(Printed(input, budget), budget, /*markup=*/true);
}

// int() of a text: digits with single underscores between them, a sign, whitespace around.
std::optional<int64_t> WholeNumber(std::string_view text) {
  text = Strip(text, std::nullopt);
  const bool negative = text.starts_with('-');
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  std::string digits(negative ? "-" : "");
  for (size_t i = 0; i < text.size(); ++i) {
    const bool between = text[i] == '_' && i > 0 && i + 1 < text.size() && text[i - 1] != '_';
    if (!between) digits += text[i];
  }
  int64_t whole = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  Require(fault != std::errc::result_out_of_range, "an integer leaves 64 bits, the limit");
  if (fault != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return whole;
}

// float() of a text.
std::optional<double> FloatNumber(std::string_view text) {
  text = Strip(text, std::nullopt);
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  Require(text.find('_') == text.npos && fault != std::errc::result_out_of_range, "the number '",
          text, "' is not supported, expected plain digits within range");
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Value> Truncated(double number) {
  if (!std::isfinite(number)) return std::nullopt;
  Require(std::abs(number) < 0x1p63, "an integer leaves 64 bits, the limit");
  return Value(static_cast<int64_t>(number));
}

Value Int(const Value& input, const Bound& a, Budget&) {
  Require(WholeOf("int", a[1], 10) == 10, "'int' with another base than 10 is not supported");
  if (input.IsUndefined()) Fail(*input.As<Undefined>().why);
  if (input.IsWhole()) return input.whole();
  std::optional<double> number;
  if (input.IsText()) {
    if (const auto whole = WholeNumber(input.text())) return *whole;
    number = FloatNumber(input.text());
  } else if (input.Is<double>()) {
    Require(!std::isinf(input.As<double>()), "cannot convert float infinity to integer");
    number = input.As<double>();
  }
  const auto whole = number ? Truncated(*number) : std::nullopt;
  return whole ? *whole : a[0].value_or(int64_t{0});
}

Value Float(const Value& input, const Bound& a, Budget&) {
  if (input.IsUndefined()) Fail(*input.As<Undefined>().why);
  if (input.IsNumber()) return input.number();
  const auto number = input.IsText() ? FloatNumber(input.text()) : std::nullopt;
  return number ? Value(*number) : a[0].value_or(0.0);
}

Value Indent(const Value& input, const Bound& a, Budget& budget) {
  Require(input.IsText() && !input.IsMarkup(), "'indent' got a '", input.TypeName(),
          "', expected text that is not marked safe");
  const int64_t width = a[0] && a[0]->IsText() ? 0 : WholeOf("indent", a[0], 4);
  Require(width <= static_cast<int64_t>(budget.limits().output_bytes), "'indent' by ", width,
          ", which passes the limit of ", budget.limits().output_bytes);
  const std::string by = a[0] && a[0]->IsText()
                             ? std::string(a[0]->text())
                             : std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
  const bool first = a[1] && a[1]->Truthy(), blank = a[2] && a[2]->Truthy();
  const std::string whole = std::string(input.text()) + "\n";
  const auto lines = SplitLines(whole, false);
  budget.SpendItems(4 * lines.size());
  budget.SpendText(whole.size() + lines.size() * by.size());
  std::string out = first ? by : "";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) out += "\n";
    if (i > 0 && (blank || !lines[i].empty())) out += by;
    out += lines[i];
  }
  return MakeText(std::move(out), budget);
}

Value ItemsOf(const Value& input, const Bound&, Budget& budget) {
  if (input.IsUndefined()) return MakeList({}, budget, ListKind::kGenerator);
  Require(input.IsDict(), "'items' got a '", input.TypeName(), "', expected a dict");
  const Value view = CallMethod(input, "items", {}, budget);
  return MakeList(view.list().items, budget, ListKind::kGenerator);
}

Value Length(const Value& input, const Bound&, Budget& budget) {
  if (input.IsText()) {
    budget.SpendText(input.text().size());
    return static_cast<int64_t>(CodePoints(input.text()));
  }
  if (input.IsDict()) return static_cast<int64_t>(input.dict().entries.size());
  if (input.IsUndefined()) return int64_t{0};
  if (input.Is<std::shared_ptr<const Loop>>())
    return static_cast<int64_t>(input.As<std::shared_ptr<const Loop>>()->items->items.size());
  Require(input.IsList() && input.list().kind != ListKind::kGenerator, "'", input.TypeName(),
          "' object has no length");
  return static_cast<int64_t>(input.list().items.size());
}

Value LowerFilter(const Value& input, const Bound&, Budget& budget) {
  const Value text = AsText(input, budget);
  return Like(text, Lower(text.text()), budget);
}

Value UpperFilter(const Value& input, const Bound&, Budget& budget) {
  const Value text = AsText(input, budget);
  return Like(text, Upper(text.text()), budget);
}

Value ReplaceFilter(const Value& input, const Bound& a, Budget& budget) {
  Require(a[0] && a[1], "'replace' lacks an argument, expected two texts");
  const std::string text = Printed(input, budget), old = Printed(*a[0], budget),
                    with = Printed(*a[1], budget);
  const int64_t most = a[2] && a[2]->IsNone() ? -1 : WholeOf("replace", a[2], -1);
  budget.SpendSearch(text.size(), old.size());
  budget.SpendText(text.size() + Count(text, old) * with.size());
  return MakeText(Replace(text, old, with, most), budget);
}

Value String(const Value& input, const Bound&, Budget& budget) { return AsText(input, budget); }

Value Title(const Value& input, const Bound&, Budget& budget) {
  const Value text = AsText(input, budget);
  constexpr std::string_view kBegins = "-({[<";
  std::string title = Lower(text.text());
  bool begins = true;
  for (char& c : title) {
    if (begins) c = Upper(std::string_view(&c, 1))[0];
    begins = kBegins.find(c) != kBegins.npos || IsSpace(static_cast<unsigned char>(c));
  }
  return MakeText(std::move(title), budget);
}

std::string IndentOf(const Value& indent, const Budget& budget) {
  if (indent.IsText()) return std::string(indent.text());
  const int64_t width = WholeOf("tojson", indent, 0);
  Require(width <= static_cast<int64_t>(budget.limits().output_bytes), "'tojson' with indent ",
          width, ", which passes the limit of ", budget.limits().output_bytes);
  return std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
}

Value ToJsonFilter(const Value& input, const Bound& a, Budget& budget) {
  JsonStyle style;
  style.ascii = a[0] && a[0]->Truthy();
  style.sort_keys = a[3] && a[3]->Truthy();
  if (a[1] && !a[1]->IsNone()) {
    style.indent = IndentOf(*a[1], budget);
    style.item_separator = ",";
  }
  if (a[2] && !a[2]->IsNone()) {
    Require(a[2]->IsList() && a[2]->list().items.size() == 2,
            "'tojson' got separators that are no pair, expected (',', ':')");
    style.item_separator = TextOf("tojson", a[2]->list().items[0]);
    style.key_separator = TextOf("tojson", a[2]->list().items[1]);
  }
  return Value(ToJson(input, style, budget));
}

Value Trim(const Value& input, const Bound& a, Budget& budget) {
  const Value text = AsText(input, budget);
  Arguments arguments;
  if (a[0]) arguments.positional.push_back(*a[0]);
  return CallMethod(text, "strip", arguments, budget);
}

Value AttributeFilter(const Value& input, const Bound& a, Budget& budget) {
  Require(!input.IsDict(), "'attr' of a dict is not supported; use dict.name or dict['name']");
  return Attribute(input, TextOf("attr", a[0]), budget);
}

struct Entry {
  Filter filter;
  std::vector<std::string> parameters;
};

const std::map<std::string_view, Entry> kFilters = {
    {"abs", {Abs, {}}},
    {"attr", {AttributeFilter, {"name"}}},
    {"capitalize", {Capitalize, {}}},
    {"count", {Length, {}}},
    {"d", {Default, {"default_value", "boolean"}}},
    {"default", {Default, {"default_value", "boolean"}}},
    {"e", {Escape, {}}},
    {"escape", {Escape, {}}},
    {"float", {Float, {"default"}}},
    {"indent", {Indent, {"width", "first", "blank"}}},
    {"int", {Int, {"default", "base"}}},
    {"items", {ItemsOf, {}}},
    {"length", {Length, {}}},
    {"lower", {LowerFilter, {}}},
    {"replace", {ReplaceFilter, {"old", "new", "count"}}},
    {"safe", {Safe, {}}},
    {"string", {String, {}}},
    {"title", {Title, {}}},
    {"tojson", {ToJsonFilter, {"ensure_ascii", "indent", "separators", "sort_keys"}}},
    {"trim", {Trim, {"chars"}}},
    {"upper", {UpperFilter, {}}},
};

}  // namespace

Value AsText(const Value& value, Budget& budget) {
  return value.IsText() ? value : MakeText(Printed(value, budget), budget);
}

Value ApplyFilter(std::string_view name, const Value& input, const Arguments& arguments,
                  Budget& budget) {
  const auto filter = kFilters.find(name);
  if (filter == kFilters.end()) return ApplyItemFilter(name, input, arguments, budget);
  return filter->second.filter(input, Bind(name, arguments, filter->second.parameters), budget);
}

}  // namespace r1zero::jinja
