#include "policy/added_tokens.h"

#include "common/error.h"
#include "policy/json.h"
#include "policy/unicode_class.h"
#include "policy/utf8.h"

namespace r1zero {
namespace {

using nlohmann::json;

bool ReadFlag(const json& token, const char* name, const std::string& where) {
  const json flag = token.value(name, json(false));
  Require(flag.is_boolean(), where, ".", name, " is ", Shown(flag), ", expected true or false");
  return flag.get<bool>();
}

AddedToken ReadAddedToken(const json& token, const std::string& where) {
  Require(token.is_object(), where, " is ", Shown(token), ", expected an object");
  const json id = token.value("id", json());
  Require(id.is_number_unsigned() && id.get<uint64_t>() <= INT32_MAX, where, ".id is ", Shown(id),
          ", expected an id from 0 to ", INT32_MAX);
  const json content = token.value("content", json());
  Require(content.is_string() && content != "", where, ".content is ", Shown(content),
          ", expected the token's text");
  return {.id = id.get<int32_t>(),
          .content = content.get<std::string>(),
          .special = ReadFlag(token, "special", where),
          .normalized = ReadFlag(token, "normalized", where),
          .single_word = ReadFlag(token, "single_word", where),
          .lstrip = ReadFlag(token, "lstrip", where),
          .rstrip = ReadFlag(token, "rstrip", where)};
}

bool IsSpace(int32_t code_point) {
  const CharClass c = ClassOf(code_point);
  return c == CharClass::kSpace || c == CharClass::kNewline;
}

// Where the character before `at` begins.
size_t Before(std::string_view text, size_t at) {
  do --at;
  while ((text[at] & 0xC0) == 0x80);
  return at;
}

}  // namespace

std::vector<AddedToken> ReadAddedTokens(const json& root, const std::string& where) {
  const json list = root.value("added_tokens", json::array());
  Require(list.is_array(), where, ": added_tokens is ", Shown(list), ", expected an array");
  std::vector<AddedToken> tokens;
  for (const json& token : list)
    tokens.push_back(
        ReadAddedToken(token, where + ": added_tokens[" + std::to_string(tokens.size()) + "]"));
  return tokens;
}

AddedTokenMatcher::AddedTokenMatcher(std::vector<AddedToken> tokens) : tokens_(std::move(tokens)) {
  nodes_.emplace_back();
  for (size_t i = 0; i < tokens_.size(); ++i) {
    int32_t node = 0;
    for (const char byte : tokens_[i].content) {
      const uint64_t edge = static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte);
      const auto next = static_cast<int32_t>(nodes_.size());
      const auto [child, is_new] = children_.emplace(edge, next);
      if (is_new) nodes_.emplace_back();
      node = child->second;
    }
    if (nodes_[node].token == kNone) nodes_[node].token = static_cast<int32_t>(i);
    begins_[static_cast<unsigned char>(tokens_[i].content[0])] = true;
  }
}

int32_t AddedTokenMatcher::Child(int32_t node, char byte) const {
  const auto child =
      children_.find(static_cast<uint64_t>(node) << 8 | static_cast<unsigned char>(byte));
  return child == children_.end() ? kNone : child->second;
}

int32_t AddedTokenMatcher::LongestAt(std::string_view text, size_t at) const {
  int32_t longest = kNone;
  for (int32_t node = 0; at < text.size(); ++at) {
    node = Child(node, text[at]);
    if (node == kNone) break;
    if (nodes_[node].token != kNone) longest = nodes_[node].token;
  }
  return longest;
}

const AddedToken* AddedTokenMatcher::Next(std::string_view text, size_t& at) const {
  if (tokens_.empty()) return nullptr;
  for (; at < text.size(); ++at) {
    if (!begins_[static_cast<unsigned char>(text[at])]) continue;
    if (const int32_t token = LongestAt(text, at); token != kNone) return &tokens_[token];
  }
  return nullptr;
}

bool AddedTokenMatcher::StandsAlone(std::string_view text, size_t begin, size_t end) {
  const bool word_before =
      begin > 0 && IsWordCharacter(FirstCodePoint(text.substr(Before(text, begin))).value);
  return !word_before &&
         (end == text.size() || !IsWordCharacter(FirstCodePoint(text.substr(end)).value));
}

size_t AddedTokenMatcher::SpaceBefore(std::string_view text, size_t at) {
  while (at > 0 && IsSpace(FirstCodePoint(text.substr(Before(text, at))).value))
    at = Before(text, at);
  return at;
}

size_t AddedTokenMatcher::SpaceAfter(std::string_view text, size_t at) {
  while (at < text.size() && IsSpace(FirstCodePoint(text.substr(at)).value))
    at += FirstCodePoint(text.substr(at)).size;
  return at;
}

}  // namespace r1zero
