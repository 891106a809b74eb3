// The values of a template: Python's, as far as templates see them. Immutable but for namespaces.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "tasks/jinja_budget.h"

namespace r1zero::jinja {

class Value;
struct Statement;

struct None {
  bool operator==(const None&) const = default;
};

// A name or attribute that is not there. Prints as nothing; most else is an Error with `why`.
struct Undefined {
  std::shared_ptr<const std::string> why;
};

struct Text {
  std::shared_ptr<const std::string> bytes;
  bool markup = false;  // came through `safe` or `escape`: what is added to it is escaped
};

// Python has many kinds of lists; they differ in how they compare, print and can be indexed.
enum class ListKind { kList, kTuple, kRange, kView, kGenerator };

struct List {
  ListKind kind = ListKind::kList;
  std::vector<Value> items;
  int depth = 1;
  mutable bool used_up = false;  // of a generator: it gives its items once
};

struct Dict {
  std::vector<std::pair<Value, Value>> entries;  // in order of insertion
  int depth = 1;
};

// namespace(): the one thing that changes. Owned by the rendering, so that cycles do no harm.
struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
};

enum class CallableKind { kGlobal, kMacro, kMethod };

struct Callable {
  CallableKind kind;
  std::string name;
  const Statement* macro = nullptr;
};

// The `loop` of a for statement, at one of its iterations.
struct Loop {
  std::shared_ptr<const List> items;
  size_t index0 = 0;
  int64_t depth0 = 0;
};

class Value {
 public:
  using Data = std::variant<Undefined, None, bool, int64_t, double, Text,
                            std::shared_ptr<const List>, std::shared_ptr<const Dict>, Namespace*,
                            std::shared_ptr<const Callable>, std::shared_ptr<const Loop>>;

  Value() : data_(None{}) {}
  Value(None) : data_(None{}) {}
  Value(Undefined undefined) : data_(std::move(undefined)) {}
  Value(bool value) : data_(value) {}
  Value(int64_t value) : data_(value) {}
  Value(int) = delete;  // say int64_t or bool
  Value(double value) : data_(value) {}
  Value(std::string text, bool markup = false)
      : data_(Text{std::make_shared<const std::string>(std::move(text)), markup}) {}
  Value(std::string_view text, bool markup = false) : Value(std::string(text), markup) {}
  Value(const char* text) : Value(std::string(text)) {}
  Value(Text text) : data_(std::move(text)) {}
  Value(Namespace* ns) : data_(ns) {}
  Value(Callable callable) : data_(std::make_shared<const Callable>(std::move(callable))) {}
  Value(Loop loop) : data_(std::make_shared<const Loop>(std::move(loop))) {}
  Value(std::shared_ptr<const List> list) : data_(std::move(list)) {}
  Value(std::shared_ptr<const Dict> dict) : data_(std::move(dict)) {}

  template <typename T>
  bool Is() const {
    return std::holds_alternative<T>(data_);
  }
  template <typename T>
  const T& As() const {
    return std::get<T>(data_);
  }

  bool IsUndefined() const { return Is<Undefined>(); }
  bool IsNone() const { return Is<None>(); }
  bool IsText() const { return Is<Text>(); }
  bool IsMarkup() const { return IsText() && As<Text>().markup; }
  bool IsNumber() const { return Is<bool>() || Is<int64_t>() || Is<double>(); }
  bool IsWhole() const { return Is<bool>() || Is<int64_t>(); }
  bool IsList() const { return Is<std::shared_ptr<const List>>(); }
  bool IsDict() const { return Is<std::shared_ptr<const Dict>>(); }

  std::string_view text() const { return *As<Text>().bytes; }
  const List& list() const { return *As<std::shared_ptr<const List>>(); }
  const Dict& dict() const { return *As<std::shared_ptr<const Dict>>(); }
  int64_t whole() const { return Is<bool>() ? As<bool>() : As<int64_t>(); }
  double number() const { return Is<double>() ? As<double>() : static_cast<double>(whole()); }

  const Data& data() const { return data_; }
  bool Truthy() const;
  int Depth() const;             // lists within lists; 0 of a scalar
  const char* TypeName() const;  // Python's

 private:
  Data data_;
};

Value UndefinedValue(std::string why);
// Error if the value would be nested deeper than `budget` allows.
Value MakeList(std::vector<Value> items, Budget& budget, ListKind kind = ListKind::kList);
Value MakeDict(std::vector<std::pair<Value, Value>> entries, Budget& budget);
Value MakeText(std::string text, Budget& budget, bool markup = false);

void RequireHashable(const Value& key);  // may be the key of a dict

// dict[key] = value, for entries that become a dict. Error if the key cannot be one.
void SetEntry(std::vector<std::pair<Value, Value>>& entries, Value key, Value value,
              Budget& budget);

// The value of `key`, or nullptr.
const Value* Find(const Dict& dict, const Value& key, Budget& budget);

// ==. Never an Error but for the budget.
bool Equal(const Value& a, const Value& b, Budget& budget);
// <0, 0, >0 as a < b, a == b, a > b; nullopt with a NaN; Error where Python has no order.
std::optional<int> Order(const Value& a, const Value& b, Budget& budget);

std::string Printed(const Value& value, Budget& budget);  // str()
std::string Repr(const Value& value, Budget& budget);     // repr()
std::string PrintedNumber(double number);                 // repr() of a float

// What a for loop goes through: items, characters, keys. Error if it cannot be gone through.
std::shared_ptr<const List> Items(const Value& value, Budget& budget);

Value FromJson(const nlohmann::ordered_json& json, Budget& budget, int depth = 0);

struct JsonStyle {
  bool ascii = false;
  std::optional<std::string> indent;
  std::string item_separator = ", ", key_separator = ": ";
  bool sort_keys = false;
};
// json.dumps.
std::string ToJson(const Value& value, const JsonStyle& style, Budget& budget);

}  // namespace r1zero::jinja
