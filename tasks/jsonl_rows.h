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

// Where a row's text begins in its file: what its errors count from.
struct RowPlace {
  int64_t line = 1, column = 1;
  bool in_table =
      false;  // of Parquet: `line` is the row's number, and there are no columns of text
};

class JsonlRow {
 public:
  // `where` is the file's name; `text` the line without its end, which must outlive the row. Nesting
  // is limited to 32.
  JsonlRow(std::string where, int64_t line, std::string_view text)
      : JsonlRow(std::move(where), RowPlace{.line = line}, text) {}
  JsonlRow(std::string where, RowPlace place, std::string_view text);

  // A key "a.b" is the "b" inside the object "a", unless the row has an "a.b".
  bool Has(const std::string& key) const { return Find(key) != nullptr; }
  std::string Text(const std::string& key) const;  // not empty
  // Text that is not blank, or any other value as JSON.
  std::string GoldText(const std::string& key) const;
  int64_t Integer(const std::string& key) const;
  std::vector<int64_t> Integers(const std::string& key) const;

  const nlohmann::json* Find(const std::string& key) const;  // null if there is none
  std::string KeysText() const;                              // "question", "answer"

  // Error at the key's value (or at the row if it has none).
  [[noreturn]] void Refuse(const std::string& key, std::string_view expected) const;
  // Error at the row.
  [[noreturn]] void RefuseRow(std::string_view fault) const { FailAt(1, fault); }

 private:
  const nlohmann::json& Value(const std::string& key, std::string_view expected) const;
  [[noreturn]] void FailAt(size_t column, std::string_view fault) const;
  size_t ColumnOf(const std::string& key) const;

  std::string where_;
  RowPlace place_;
  std::string_view text_;
  nlohmann::json object_;
};

// Calls `take` for every line that is not blank. Error if there is none.
void ForEachRow(const std::string& path, const std::function<void(const JsonlRow&)>& take);

}  // namespace r1zero
