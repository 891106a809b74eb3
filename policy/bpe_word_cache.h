// Remembers the tokens of words: texts repeat theirs. A fixed size, one per thread.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace r1zero {

// Not thread-safe. Shared by all tokenizers of a thread: entries say whose they are.
class BpeWordCache {
 public:
  static constexpr size_t kMaxBytes = 26, kMaxTokens = 8;

  // One cache line.
  struct Entry {
    uint32_t owner = 0;  // a tokenizer's number; 0: empty
    uint8_t num_bytes = 0, num_tokens = 0;
    char bytes[kMaxBytes] = {};
    int32_t tokens[kMaxTokens] = {};

    bool Is(uint32_t wanted, std::string_view word) const {
      return owner == wanted && num_bytes == word.size() &&
             std::memcmp(bytes, word.data(), word.size()) == 0;
    }
    // REQUIRES word.size() <= kMaxBytes; words of too many tokens are not remembered.
    void Put(uint32_t whose, std::string_view word, std::span<const int32_t> found) {
      if (found.size() > kMaxTokens) return;
      owner = whose;
      num_bytes = static_cast<uint8_t>(word.size());
      num_tokens = static_cast<uint8_t>(found.size());
      std::memcpy(bytes, word.data(), word.size());
      std::memcpy(tokens, found.data(), found.size() * sizeof(int32_t));
    }
  };
  static_assert(sizeof(Entry) == 64);

  BpeWordCache() : entries_(kEntries) {}

  // Where the word is if it is here. REQUIRES a word of 1 to kMaxBytes bytes.
  Entry& At(std::string_view word) { return entries_[Hash(word) >> (64 - kLogEntries)]; }

 private:
  static constexpr int kLogEntries = 14;
  static constexpr size_t kEntries = size_t{1} << kLogEntries;

  template <typename T>
  static uint64_t Load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
  }
  // Up to 24 bytes by words that may overlap; two words that differ only between share an entry.
  static uint64_t Hash(std::string_view word) {
    constexpr uint64_t kMix = 0x9E3779B97F4A7C15u;
    const char* const first = word.data();
    const char* const end = first + word.size();
    uint64_t hash = word.size();
    if (word.size() >= 8) {
      hash ^= Load<uint64_t>(first);
      hash = (hash * kMix) ^ (hash >> 29) ^ Load<uint64_t>(end - 8);
      if (word.size() > 16) hash = (hash * kMix) ^ (hash >> 29) ^ Load<uint64_t>(first + 8);
    } else if (word.size() >= 4) {
      hash = (hash << 56) ^ Load<uint32_t>(first) ^ Load<uint32_t>(end - 4) << 28;
    } else {
      hash = (hash << 56) ^ Load<uint8_t>(first) ^ Load<uint8_t>(first + word.size() / 2) << 8 ^
             Load<uint8_t>(end - 1) << 16;
    }
    hash = (hash ^ hash >> 32) * kMix;
    return (hash ^ hash >> 29) * kMix;
  }

  std::vector<Entry> entries_;
};

}  // namespace r1zero
