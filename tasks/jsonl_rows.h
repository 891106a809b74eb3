// The rows of a JSONL file: one JSON object a line. Every fault is an Error with file, line, column
// (counted in bytes, from 1), what was found and what was expected.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

class JsonlRow {
 public:
  // `where` is the file's name; `text` the line without its end. Nesting is limited to 32.
  JsonlRow(std::string where, int64_t line, std::string_view text);

  bool Has(const std::string& key) const { return object_.contains(key); }
  std::string Text(const std::string& key) const;  // not empty
  // Text that is not blank, or any other value as JSON.
  std::string GoldText(const std::string& key) const;
  int64_t Integer(const std::string& key) const;
  std::vector<int64_t> Integers(const std::string& key) const;

  // Error at the key's value (or at the row if it has none).
  [[noreturn]] void Refuse(const std::string& key, std::string_view expected) const;

 private:
  const nlohmann::json& Value(const std::string& key, std::string_view expected) const;
  [[noreturn]] void FailAt(size_t column, std::string_view fault) const;
  size_t ColumnOf(const std::string& key) const;

  std::string where_;
  int64_t line_;
  std::string_view text_;
  nlohmann::json object_;
};

// Calls `take` for every line that is not blank. Error if there is none.
void ForEachRow(const std::string& path, const std::function<void(const JsonlRow&)>& take);

}  // namespace r1zero
