// The fields of one JSON object of a model folder, with file and field in every error.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include "common/error.h"
#include "policy/json.h"

namespace r1zero {

// `root` must outlive it.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& root, std::string where)
      : root_(root), where_(std::move(where)) {
    Require(root.is_object(), where_, ": expected a JSON object, found ", Shown(root));
  }

  // Absent and null are the same to transformers.
  const nlohmann::json* Find(const char* name) const {
    const auto it = root_.find(name);
    return it == root_.end() || it->is_null() ? nullptr : &*it;
  }

  bool Has(const char* name) const { return root_.contains(name); }  // null too
  const std::string& where() const { return where_; }

  int64_t Integer(const char* name) const {
    const nlohmann::json* value = Find(name);
    Require(value != nullptr, where_, ": ", name, " is missing");
    return AsInteger(name, *value);
  }
  int64_t Integer(const char* name, int64_t fallback) const {
    const nlohmann::json* value = Find(name);
    return value ? AsInteger(name, *value) : fallback;
  }
  double Number(const char* name, double fallback) const {
    const nlohmann::json* value = Find(name);
    if (!value) return fallback;
    Require(value->is_number(), where_, ": ", name, " is ", Shown(*value), ", expected a number");
    return value->get<double>();
  }
  bool Bool(const char* name, bool fallback) const {
    const nlohmann::json* value = Find(name);
    if (!value) return fallback;
    Require(value->is_boolean(), where_, ": ", name, " is ", Shown(*value),
            ", expected true or false");
    return value->get<bool>();
  }

  // The field must be absent or `only`.
  void Only(const char* name, const nlohmann::json& only) const {
    const nlohmann::json* value = Find(name);
    if (value && *value != only) NotSupported(name, Shown(only));
  }
  void Refuse(const char* name, const std::string& expected) const {
    if (Find(name)) NotSupported(name, expected);
  }
  [[noreturn]] void NotSupported(const char* name, const std::string& expected) const {
    Fail(where_, ": ", name, " is ", Shown(root_.at(name)), ", which is not supported; expected ",
         expected);
  }

 private:
  int64_t AsInteger(const char* name, const nlohmann::json& value) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= uint64_t{std::numeric_limits<int64_t>::max()});
    Require(fits, where_, ": ", name, " is ", Shown(value), ", expected a whole number");
    return value.get<int64_t>();
  }

  const nlohmann::json& root_;
  std::string where_;
};

}  // namespace r1zero
