// Finds the tokens of a vocabulary by their texts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace r1zero {

// Half of what a lookup in a large vocabulary costs is waiting for memory, so this is one flat table
// (open addressing) of hashes and ids; the texts stay with the caller.
class TokenIndex {
 public:
  static constexpr int32_t kNone = -1;

  // `texts` must outlive the index; token i is texts[i]. Room for `most` tokens.
  TokenIndex(const std::vector<std::string>& texts, size_t most);

  // The token of this text that was added, or kNone.
  int32_t Find(std::string_view text) const { return slots_[Place(text, HashOf(text))].token; }

  // Whether texts[token] is new; else nothing changes.
  bool Add(int32_t token);

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t token = kNone;
  };
  static uint32_t HashOf(std::string_view text) {
    return static_cast<uint32_t>(std::hash<std::string_view>()(text));
  }
  size_t Place(std::string_view text, uint32_t hash) const;  // of the text, or where it belongs

  const std::vector<std::string>& texts_;
  std::vector<Slot> slots_;  // a power of two of them
};

}  // namespace r1zero
