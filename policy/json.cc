#include "policy/json.h"

#include <set>
#include <vector>

#include "common/error.h"
#include "common/json_fault.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr int kMaxDepth = 64;  // none of our files nests deeper than 8

// Sees the parser's events; refuses a key that its object already has, and bottomless nesting.
class StrictEvents {
 public:
  explicit StrictEvents(const std::string& where) : where_(where) {}

  bool operator()(int depth, json::parse_event_t event, json& parsed) {
    Require(depth <= kMaxDepth, where_, ": JSON nested deeper than ", kMaxDepth, " levels");
    if (event == json::parse_event_t::object_start) {
      open_.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open_.pop_back();
    } else if (event == json::parse_event_t::key) {
      const bool is_new = open_.back().insert(parsed.get<std::string>()).second;
      Require(is_new, where_, ": the key ", Shown(parsed), " is there twice in one object");
    }
    return true;
  }

 private:
  const std::string& where_;
  std::vector<std::set<std::string>> open_;  // the keys so far of each object being read
};

}  // namespace

json ParseJson(std::string_view text, const std::string& where) {
  // The parser takes a NUL byte for the end of the text.
  if (const size_t nul = text.find('\0'); nul != text.npos)
    Fail(where, ": a NUL byte at byte ", nul + 1, " of ", text.size(), ", expected JSON text");
  try {
    return json::parse(text.begin(), text.end(), StrictEvents(where));
  } catch (const json::parse_error& error) {
    Fail(where, ": ", JsonFaultAt(error.byte, text.size(), error.what()));
  } catch (const json::exception& error) {  // a number that no double holds
    Fail(where, ": not valid JSON: ", JsonFault(error.what()));
  }
}

std::string Shown(const json& value) {
  constexpr size_t kReadable = 120;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true, json::error_handler_t::replace);
  if (text.size() > kReadable) text = text.substr(0, kReadable) + "...";
  return text;
}

}  // namespace r1zero
