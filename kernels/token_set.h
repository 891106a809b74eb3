// A set of token ids as bits: which tokens a truncation keeps, which a completion has seen.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace r1zero::kernels {

// Token v is bit v % 64 of word v / 64; the bits from vocab_size() on are 0. Tokens given to it lie
// in [0, vocab_size()), unchecked.
class TokenSet {
 public:
  TokenSet() = default;
  explicit TokenSet(int64_t vocab_size) : vocab_size_(vocab_size), words_((vocab_size + 63) / 64) {}

  int64_t vocab_size() const { return vocab_size_; }
  std::span<const uint64_t> words() const { return words_; }
  bool Contains(int32_t token) const { return words_[token / 64] >> (token % 64) & 1; }
  int64_t size() const {
    int64_t size = 0;
    for (const uint64_t word : words_) size += std::popcount(word);
    return size;
  }

  void Add(int32_t token) { words_[token / 64] |= uint64_t{1} << (token % 64); }
  void Clear() { std::ranges::fill(words_, uint64_t{0}); }
  void AddAll() {
    std::ranges::fill(words_, ~uint64_t{0});
    if (vocab_size_ % 64 != 0) words_.back() >>= 64 - vocab_size_ % 64;
  }

  // f(token) for each token of the set, ascending.
  template <typename F>
  void ForEach(const F& f) const {
    for (size_t w = 0; w < words_.size(); ++w)
      for (uint64_t rest = words_[w]; rest != 0; rest &= rest - 1)
        f(static_cast<int32_t>(64 * w) + std::countr_zero(rest));
  }

  bool operator==(const TokenSet&) const = default;

 private:
  int64_t vocab_size_ = 0;
  std::vector<uint64_t> words_;
};

}  // namespace r1zero::kernels
