// json.dumps of values.
#include <algorithm>
#include <cmath>

#include "tasks/jinja_text.h"
#include "tasks/jinja_value.h"

namespace r1zero::jinja {
namespace {

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {}

  void Append(const Value& value, int depth) {
    budget_.Spend(1);
    if (value.IsText())
      AppendText(value.text());
    else if (IsArray(value))
      AppendArray(value.list(), depth);
    else if (value.IsDict())
      AppendObject(value.dict(), depth);
    else
      out += Scalar(value);
    budget_.CheckText(out.size());
  }

  std::string out;

 private:
  static bool IsArray(const Value& value) {
    return value.IsList() &&
           (value.list().kind == ListKind::kList || value.list().kind == ListKind::kTuple);
  }

  static std::string Scalar(const Value& value) {
    if (value.IsNone()) return "null";
    if (value.Is<bool>()) return value.As<bool>() ? "true" : "false";
    if (value.Is<int64_t>()) return std::to_string(value.As<int64_t>());
    if (value.Is<double>()) return Number(value.As<double>());
    Fail("a '", value.TypeName(), "' cannot be written as JSON");
  }

  static std::string Number(double number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    return PrintedNumber(number);
  }

  void AppendUnit(char32_t unit) {
    constexpr char kHex[] = "0123456789abcdef";
    out += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4) out += kHex[(unit >> shift) & 0xf];
  }

  void AppendEscaped(char32_t c) {
    if (c >= 0x10000) AppendUnit(0xd800 + ((c - 0x10000) >> 10));
    AppendUnit(c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c);
  }

  void AppendText(std::string_view text) {
    constexpr std::string_view kNamed = "\"\\\n\r\t\b\f", kNames = "\"\\nrtbf";
    out += '"';
    for (const std::string_view character : Characters(text)) {
      const char32_t c = Decode(character);
      const size_t named = kNamed.find(character);
      if (named != kNamed.npos)
        (out += '\\') += kNames[named];
      else if (c < 0x20 || (style_.ascii && c > 0x7e))
        AppendEscaped(c);
      else
        out += character;
    }
    out += '"';
  }

  void AppendBreak(int depth) {
    if (!style_.indent) return;
    out += '\n';
    budget_.SpendText(out.size() / 16 + style_.indent->size() * static_cast<size_t>(depth));
    for (int i = 0; i < depth; ++i) out += *style_.indent;
  }

  void AppendArray(const List& list, int depth) {
    if (list.items.empty()) {
      out += "[]";
      return;
    }
    out += '[';
    for (const Value& item : list.items) {
      if (&item != &list.items[0]) out += style_.item_separator;
      AppendBreak(depth + 1);
      Append(item, depth + 1);
    }
    AppendBreak(depth);
    out += ']';
  }

  void AppendKey(const Value& key) {
    Require(key.IsText() || key.IsNumber() || key.IsNone(), "a key that is a '", key.TypeName(),
            "' cannot be written as JSON");
    AppendText(key.IsText() ? std::string(key.text()) : Scalar(key));
    out += style_.key_separator;
  }

  std::vector<const std::pair<Value, Value>*> Entries(const Dict& dict) {
    std::vector<const std::pair<Value, Value>*> entries;
    for (const auto& entry : dict.entries) entries.push_back(&entry);
    if (style_.sort_keys)
      std::ranges::stable_sort(entries, [&](const auto* a, const auto* b) {
        return Order(a->first, b->first, budget_).value_or(0) < 0;
      });
    return entries;
  }

  void AppendObject(const Dict& dict, int depth) {
    if (dict.entries.empty()) {
      out += "{}";
      return;
    }
    out += '{';
    bool first = true;
    for (const auto* entry : Entries(dict)) {
      if (!std::exchange(first, false)) out += style_.item_separator;
      AppendBreak(depth + 1);
      AppendKey(entry->first);
      Append(entry->second, depth + 1);
    }
    AppendBreak(depth);
    out += '}';
  }

  const JsonStyle& style_;
  Budget& budget_;
};

}  // namespace

std::string ToJson(const Value& value, const JsonStyle& style, Budget& budget) {
  JsonWriter writer(style, budget);
  writer.Append(value, 0);
  budget.SpendText(writer.out.size());
  return std::move(writer.out);
}

}  // namespace r1zero::jinja
