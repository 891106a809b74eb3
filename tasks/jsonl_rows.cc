#include "tasks/jsonl_rows.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <set>

#include "common/error.h"
#include "common/file.h"
#include "common/json_fault.h"

namespace r1zero {
namespace {

constexpr int kMaxDepth = 32;
constexpr size_t kMaxShown = 60;

// Cut to fit an error line, not inside a character.
std::string Cut(const std::string& text) {
  if (text.size() <= kMaxShown) return text;
  size_t end = kMaxShown;
  while (end > 0 && (text[end] & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::string Shown(const nlohmann::json& value) { return Cut(value.dump()); }

using ParseEvent = nlohmann::json::parse_event_t;

// Sees the parser's events. Of a key that is there twice parsers keep the first or the last one, as
// it comes; a row has to mean one thing.
class RowEvents {
 public:
  // What is wrong with the row at this event; "" if nothing is.
  std::string FaultOf(int depth, ParseEvent event, const nlohmann::json& parsed) {
    if (depth > kMaxDepth) return "JSON nested deeper than 32, expected a flat row";
    if (event == ParseEvent::object_start) keys_[static_cast<size_t>(depth) + 1].clear();
    if (event != ParseEvent::key) return "";
    const bool is_new = keys_[static_cast<size_t>(depth)].insert(parsed.get<std::string>()).second;
    return is_new ? "" : "the key " + Shown(parsed) + " is there twice in one object";
  }

 private:
  std::array<std::set<std::string>, kMaxDepth + 2> keys_;  // so far, of the object open at a depth
};

std::optional<int64_t> WholeNumber(const nlohmann::json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()})
    return std::nullopt;
  return value.get<int64_t>();
}

}  // namespace

JsonlRow::JsonlRow(std::string where, RowPlace place, std::string_view text)
    : where_(std::move(where)), place_(place), text_(text) {
  // The parser takes a NUL byte for the end of the text.
  if (const size_t nul = text.find('\0'); nul != text.npos)
    FailAt(nul + 1, "found a NUL byte, expected JSON text in UTF-8 (is it UTF-16?)");
  RowEvents events;
  const auto check = [&](int depth, ParseEvent event, const nlohmann::json& parsed) {
    if (const std::string fault = events.FaultOf(depth, event, parsed); !fault.empty())
      FailAt(1, fault);
    return true;
  };
  try {
    object_ = nlohmann::json::parse(text, check);
  } catch (const nlohmann::json::parse_error& fault) {
    FailAt(std::max<size_t>(1, fault.byte),
           "not valid JSON (" + JsonFault(fault.what()) + "), expected one object a line");
  } catch (const nlohmann::json::exception&) {
    FailAt(1, "a number is out of range, expected numbers that fit 64 bits");
  }
  if (!object_.is_object()) FailAt(1, "found " + Shown(object_) + ", expected a JSON object");
}

std::string JsonlRow::Text(const std::string& key) const {
  const nlohmann::json& value = Value(key, "text");
  if (!value.is_string() || value.get_ref<const std::string&>().empty())
    Refuse(key, "text that is not empty");
  return value.get<std::string>();
}

std::string JsonlRow::GoldText(const std::string& key) const {
  const nlohmann::json& value = Value(key, "an answer");
  if (value.is_string()) {
    std::string text = Text(key);
    if (text.find_first_not_of(" \t\r\n\v\f") == text.npos)
      Refuse(key, "an answer that is not blank");
    return text;
  }
  if (value.is_null()) Refuse(key, "an answer");
  return value.dump();
}

int64_t JsonlRow::Integer(const std::string& key) const {
  const auto number = WholeNumber(Value(key, "a whole number"));
  if (!number) Refuse(key, "a whole number");
  return *number;
}

std::vector<int64_t> JsonlRow::Integers(const std::string& key) const {
  const nlohmann::json& list = Value(key, "a list of whole numbers");
  if (!list.is_array()) Refuse(key, "a list of whole numbers");
  std::vector<int64_t> numbers;
  for (const nlohmann::json& item : list) {
    const auto number = WholeNumber(item);
    if (!number) Refuse(key, "a list of whole numbers");
    numbers.push_back(*number);
  }
  return numbers;
}

void JsonlRow::Refuse(const std::string& key, std::string_view expected) const {
  FailAt(ColumnOf(key),
         "\"" + key + "\" is " + Shown(*Find(key)) + ", expected " + std::string(expected));
}

const nlohmann::json* JsonlRow::Find(const std::string& key) const {
  if (const auto at = object_.find(key); at != object_.end()) return &*at;
  const nlohmann::json* value = &object_;
  for (size_t begin = 0, dot = 0; dot != key.npos; begin = dot + 1) {
    dot = key.find('.', begin);
    if (!value->is_object()) return nullptr;
    const auto at = value->find(key.substr(begin, dot - begin));
    if (at == value->end()) return nullptr;
    value = &*at;
  }
  return value;
}

std::string JsonlRow::KeysText() const {
  std::string text;
  for (const auto& [key, value] : object_.items()) text += (text.empty() ? "" : ", ") + Shown(key);
  return text.empty() ? "nothing" : text;
}

const nlohmann::json& JsonlRow::Value(const std::string& key, std::string_view expected) const {
  const nlohmann::json* const value = Find(key);
  if (!value) FailAt(1, "the row has no \"" + key + "\", expected " + std::string(expected));
  return *value;
}

// `column` counts bytes of the row's text from 1; a row of a JSON array may span lines.
void JsonlRow::FailAt(size_t column, std::string_view fault) const {
  if (place_.in_table) Fail(where_, ": row ", place_.line, ": ", fault);
  const std::string_view before = text_.substr(0, std::min(column - 1, text_.size()));
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t start = lines == 0 ? 0 : before.rfind('\n') + 1;
  const size_t offset = lines == 0 ? static_cast<size_t>(place_.column) - 1 : 0;
  Fail(where_, ":", place_.line + lines, ":", offset + column - start, ": ", fault);
}

// Where the value of `key` starts. Looks for "key" followed by a colon; a key written with escapes
// is not found, which costs only the column.
size_t JsonlRow::ColumnOf(const std::string& key) const {
  const bool inside = !object_.contains(key) && key.find('.') != key.npos;
  const std::string quoted = '"' + (inside ? key.substr(key.rfind('.') + 1) : key) + '"';
  for (size_t at = text_.find(quoted); at != text_.npos; at = text_.find(quoted, at + 1)) {
    const size_t colon = text_.find_first_not_of(" \t", at + quoted.size());
    if (colon == text_.npos || text_[colon] != ':') continue;
    const size_t value = text_.find_first_not_of(" \t", colon + 1);
    return (value == text_.npos ? colon : value) + 1;
  }
  return 1;
}

void ForEachRow(const std::string& path, const std::function<void(const JsonlRow&)>& take) {
  const std::string content = ReadFile(path);
  int64_t rows = 0, line = 0;
  for (size_t begin = 0, end; begin < content.size(); begin = end + 1) {
    end = std::min(content.find('\n', begin), content.size());
    const std::string_view text(content.data() + begin, end - begin);
    ++line;
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    take(JsonlRow(path, line, text));
    ++rows;
  }
  Require(rows > 0, path, ": no rows, expected one JSON object a line");
}

}  // namespace r1zero
