// Tokens that are found as they are spelled, before anything else is done with a text.
#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace r1zero {

// One of the added_tokens of a tokenizer.json.
struct AddedToken {
  int32_t id = 0;
  std::string content;
  bool special = false;      // decodes to nothing
  bool normalized = false;   // looked for in the normalised text
  bool single_word = false;  // only where no word character is beside it
  bool lstrip = false;       // takes the white space before it along
  bool rstrip = false;       // and after it
};

// Error with `where`, the index and the field.
std::vector<AddedToken> ReadAddedTokens(const nlohmann::json& root, const std::string& where);

// Cuts texts at tokens: the leftmost first, of those that begin at one byte the longest. Immutable.
class AddedTokenMatcher {
 public:
  AddedTokenMatcher() = default;
  // The contents are what is looked for. Of tokens of the same content the first counts.
  explicit AddedTokenMatcher(std::vector<AddedToken> tokens);

  // Calls `between` with what lies between tokens, if it is not empty, and `found` with each token's
  // id, in order. REQUIRES valid UTF-8. Takes the text's length times that of the longest token.
  template <typename Between, typename Found>
  void Cut(std::string_view text, const Between& between, const Found& found) const {
    size_t done = 0;
    for (size_t at = 0; const AddedToken* token = Next(text, at);) {
      const size_t begin = at, end = at + token->content.size();
      at = end;
      if (token->single_word && !StandsAlone(text, begin, end)) continue;
      const size_t first = token->lstrip ? std::max(done, SpaceBefore(text, begin)) : begin;
      if (done < first) between(text.substr(done, first - done));
      found(token->id);
      done = token->rstrip ? SpaceAfter(text, end) : end;
    }
    if (done < text.size()) between(text.substr(done));
  }

 private:
  static constexpr int32_t kNone = -1;
  struct Node {
    int32_t token = kNone;  // that ends here, an index of tokens_
  };

  // The next match at or after `at`, which becomes its beginning; nullptr: there is none.
  const AddedToken* Next(std::string_view text, size_t& at) const;
  int32_t LongestAt(std::string_view text, size_t at) const;
  int32_t Child(int32_t node, char byte) const;
  static bool StandsAlone(std::string_view text, size_t begin, size_t end);
  static size_t SpaceBefore(std::string_view text, size_t at);
  static size_t SpaceAfter(std::string_view text, size_t at);

  std::vector<AddedToken> tokens_;
  std::array<bool, 256> begins_{};                  // the first bytes of tokens
  std::vector<Node> nodes_;                         // of a trie of the contents; [0] is its root
  std::unordered_map<uint64_t, int32_t> children_;  // by node and byte
};

}  // namespace r1zero
