// Byte-pair encoding of one word (Sennrich et al. 2016, section 3.2): of all neighbours that may be
// merged, those of the lowest rank are, the leftmost of equal ones, until none may.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace r1zero {

// The merge of two tokens: `rank` is its place in the list.
struct Merge {
  int32_t left, right;
  int32_t rank;
  int32_t merged;
};

// Immutable, thread-safe.
class BpeMerges {
 public:
  static constexpr int32_t kNone = -1;

  // byte_tokens[b] is the token of one byte; bytes that have none (kNone) are left out of words. Of
  // merges of the same pair the last counts.
  BpeMerges(const std::array<int32_t, 256>& byte_tokens, const std::vector<Merge>& merges);

  // Appends the tokens of a word. Takes at most n log n for n bytes.
  void Encode(std::string_view word, std::vector<int32_t>& tokens) const;

 private:
  struct Slot {
    uint64_t pair = kEmpty;
    int32_t rank = 0, merged = 0;
  };
  static constexpr uint64_t kEmpty = ~uint64_t{0};
  static uint64_t PairOf(int32_t left, int32_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  }
  size_t Place(uint64_t pair) const;  // of the pair, or of the empty slot where it belongs
  const Slot* Find(int32_t left, int32_t right) const;  // nullptr: the two may not be merged

  void MergeShort(std::vector<int32_t>& tokens, size_t begin) const;
  void MergeLong(std::vector<int32_t>& tokens, size_t begin) const;

  std::array<int32_t, 256> byte_tokens_;
  std::vector<Slot> slots_;  // a power of two of them, open addressing
  int shift_ = 0;            // 64 - log2 of that
};

}  // namespace r1zero
