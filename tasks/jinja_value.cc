#include "tasks/jinja_value.h"

#include <algorithm>

#include "tasks/jinja_text.h"

namespace r1zero::jinja {
namespace {

template <typename... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

bool Value::Truthy() const {
  return std::visit(
      Overloaded{
          [](const Undefined&) { return false; },
          [](const None&) { return false; },
          [](bool value) { return value; },
          [](int64_t value) { return value != 0; },
          [](double value) { return value != 0; },
          [](const Text& text) { return !text.bytes->empty(); },
          [](const std::shared_ptr<const List>& list) {
            return list->kind == ListKind::kGenerator || !list->items.empty();
          },
          [](const std::shared_ptr<const Dict>& dict) { return !dict->entries.empty(); },
          [](const auto&) { return true; },
      },
      data_);
}

int Value::Depth() const {
  if (IsList()) return list().depth;
  if (IsDict()) return dict().depth;
  if (Is<std::shared_ptr<const Loop>>()) return As<std::shared_ptr<const Loop>>()->items->depth + 1;
  return 0;
}

const char* Value::TypeName() const {
  constexpr const char* kNames[] = {"Undefined", "NoneType", "bool",       "int",
                                    "float",     "str",      "list",       "dict",
                                    "Namespace", "function", "LoopContext"};
  constexpr const char* kLists[] = {"list", "tuple", "range", "dict view", "generator"};
  return IsList() ? kLists[static_cast<int>(list().kind)] : kNames[data_.index()];
}

Value UndefinedValue(std::string why) {
  return Undefined{std::make_shared<const std::string>(std::move(why))};
}

Value MakeList(std::vector<Value> items, Budget& budget, ListKind kind) {
  budget.SpendItems(items.size());
  auto list = std::make_shared<List>();
  for (const Value& item : items) list->depth = std::max(list->depth, item.Depth() + 1);
  Require(list->depth <= budget.limits().nesting, "a list nested deeper than ",
          budget.limits().nesting, ", the limit");
  list->kind = kind;
  list->items = std::move(items);
  return Value(std::shared_ptr<const List>(std::move(list)));
}

Value MakeDict(std::vector<std::pair<Value, Value>> entries, Budget& budget) {
  budget.SpendItems(entries.size());
  auto dict = std::make_shared<Dict>();
  for (const auto& [key, value] : entries)
    dict->depth = std::max({dict->depth, key.Depth() + 1, value.Depth() + 1});
  Require(dict->depth <= budget.limits().nesting, "a dict nested deeper than ",
          budget.limits().nesting, ", the limit");
  dict->entries = std::move(entries);
  return Value(std::shared_ptr<const Dict>(std::move(dict)));
}

Value MakeText(std::string text, Budget& budget, bool markup) {
  budget.SpendText(text.size());
  return Value(std::move(text), markup);
}

void RequireHashable(const Value& key) {
  Require(!key.IsDict() && !(key.IsList() && key.list().kind == ListKind::kList),
          "unhashable type: '", key.TypeName(), "', expected a text or a number as key");
}

void SetEntry(std::vector<std::pair<Value, Value>>& entries, Value key, Value value,
              Budget& budget) {
  RequireHashable(key);
  budget.Spend(static_cast<int64_t>(entries.size() / 16));
  for (auto& [name, held] : entries)
    if (Equal(name, key, budget)) {
      held = std::move(value);
      return;
    }
  entries.emplace_back(std::move(key), std::move(value));
}

const Value* Find(const Dict& dict, const Value& key, Budget& budget) {
  budget.Spend(static_cast<int64_t>(dict.entries.size() / 16));
  for (const auto& [name, value] : dict.entries) {
    const bool texts = name.IsText() && key.IsText();
    if (texts ? name.text() == key.text() : Equal(name, key, budget)) return &value;
  }
  return nullptr;
}

std::shared_ptr<const List> Items(const Value& value, Budget& budget) {
  std::vector<Value> items;
  if (value.IsList()) {
    if (value.list().kind != ListKind::kGenerator) return value.As<std::shared_ptr<const List>>();
    if (!std::exchange(value.list().used_up, true)) return value.As<std::shared_ptr<const List>>();
  } else if (value.IsDict()) {
    for (const auto& entry : value.dict().entries) items.push_back(entry.first);
  } else if (value.IsText()) {
    budget.SpendItems(value.text().size());
    for (const std::string_view c : Characters(value.text()))
      items.emplace_back(c, value.IsMarkup());
  } else {
    Require(value.IsUndefined(), "'", value.TypeName(), "' object is not iterable");
  }
  return MakeList(std::move(items), budget).As<std::shared_ptr<const List>>();
}

Value FromJson(const nlohmann::ordered_json& json, Budget& budget, int depth) {
  Require(depth <= budget.limits().nesting, "JSON nested deeper than ", budget.limits().nesting,
          ", the limit");
  using Type = nlohmann::ordered_json::value_t;
  switch (json.type()) {
    case Type::null: return None{};
    case Type::boolean: return json.get<bool>();
    case Type::number_integer: return json.get<int64_t>();
    case Type::number_unsigned:
      Require(json.get<uint64_t>() <= uint64_t{INT64_MAX}, json.get<uint64_t>(),
              " is out of range, expected integers of 64 bits");
      return json.get<int64_t>();
    case Type::number_float: return json.get<double>();
    case Type::string:
      RequireUtf8(json.get_ref<const std::string&>(), "a text of the conversation");
      return Value(json.get<std::string>());
    case Type::array: {
      std::vector<Value> items;
      for (const auto& item : json) items.push_back(FromJson(item, budget, depth + 1));
      return MakeList(std::move(items), budget);
    }
    case Type::object: {
      std::vector<std::pair<Value, Value>> entries;
      for (const auto& [key, value] : json.items()) {
        RequireUtf8(key, "a key of the conversation");
        entries.emplace_back(Value(key), FromJson(value, budget, depth + 1));
      }
      return MakeDict(std::move(entries), budget);
    }
    default: Fail("binary data in a conversation, expected JSON");
  }
}

}  // namespace r1zero::jinja
