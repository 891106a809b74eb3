#include "rollout/kept_sets.h"

#include <bit>

#include "common/error.h"

namespace r1zero {
namespace {

using kernels::TokenSet;

int64_t BitWords(int64_t vocab_size) { return (vocab_size + 31) / 32; }

void AppendBits(const TokenSet& set, std::vector<uint32_t>& words) {
  for (int64_t w = 0; w < BitWords(set.vocab_size()); ++w)
    words.push_back(static_cast<uint32_t>(set.words()[w / 2] >> (32 * (w % 2))));
}

// Empty, or what is wrong.
std::string ReadIds(std::span<const uint32_t> words, TokenSet& set) {
  int64_t before = -1;
  for (const uint32_t id : words) {
    if (id >= set.vocab_size() || id <= before)
      return "holds token " + std::to_string(id) + " after " + std::to_string(before) + " of " +
             std::to_string(set.vocab_size());
    set.Add(static_cast<int32_t>(id));
    before = id;
  }
  return "";
}

std::string ReadBits(std::span<const uint32_t> words, TokenSet& set) {
  for (size_t w = 0; w < words.size(); ++w)
    for (uint32_t rest = words[w]; rest != 0; rest &= rest - 1) {
      const int64_t token = 32 * static_cast<int64_t>(w) + std::countr_zero(rest);
      if (token >= set.vocab_size())
        return "holds token " + std::to_string(token) + " of " + std::to_string(set.vocab_size());
      set.Add(static_cast<int32_t>(token));
    }
  return "";
}

// Calls f(t, set, what_is_wrong_with_it) for each set, until f returns false. The lengths must make
// up the words.
template <typename F>
void ForEachSet(const KeptSets& kept, int64_t vocab_size, const F& f) {
  TokenSet set(vocab_size);
  std::span<const uint32_t> rest = kept.words;
  for (size_t t = 0; t < kept.lengths_T.size(); ++t) {
    const auto length = static_cast<size_t>(kept.lengths_T[t]);
    const auto words = rest.first(length);
    rest = rest.subspan(length);
    set.Clear();
    const bool is_bits = kept.lengths_T[t] == BitWords(vocab_size);
    if (!f(t, set, is_bits ? ReadBits(words, set) : ReadIds(words, set))) return;
  }
}

std::string WhatIsWrongWithLengths(const KeptSets& kept, int64_t vocab_size) {
  int64_t sum = 0;
  for (const int32_t length : kept.lengths_T) {
    if (length < 1 || length > BitWords(vocab_size))
      return "a kept set of " + std::to_string(length) + " words, expected 1 to " +
             std::to_string(BitWords(vocab_size));
    sum += length;
  }
  if (sum == static_cast<int64_t>(kept.words.size())) return "";
  return "kept sets of " + std::to_string(sum) + " words in all, but " +
         std::to_string(kept.words.size()) + " words";
}

}  // namespace

void KeptSets::Append(const TokenSet& set) {
  const size_t before = words.size();
  if (set.size() < BitWords(set.vocab_size()))
    set.ForEach([&](int32_t token) { words.push_back(static_cast<uint32_t>(token)); });
  else
    AppendBits(set, words);
  lengths_T.push_back(static_cast<int32_t>(words.size() - before));
}

std::vector<TokenSet> Unpack(const KeptSets& kept, int64_t vocab_size) {
  const std::string wrong = WhatIsWrongWithLengths(kept, vocab_size);
  Require(wrong.empty(), wrong);
  std::vector<TokenSet> sets;
  ForEachSet(kept, vocab_size, [&](size_t t, const TokenSet& set, const std::string& wrong) {
    Require(wrong.empty(), "kept set ", t, " ", wrong);
    sets.push_back(set);
    return true;
  });
  return sets;
}

std::string WhatIsWrong(const KeptSets& kept, std::span<const int32_t> tokens, int64_t vocab_size,
                        int64_t top_k) {
  if (kept.lengths_T.size() != tokens.size())
    return std::to_string(tokens.size()) + " tokens but " + std::to_string(kept.lengths_T.size()) +
           " kept sets";
  std::string found = WhatIsWrongWithLengths(kept, vocab_size);
  if (!found.empty()) return found;
  ForEachSet(kept, vocab_size, [&](size_t t, const TokenSet& set, const std::string& wrong) {
    if (!wrong.empty())
      found = "kept set " + std::to_string(t) + " " + wrong;
    else if (!set.Contains(tokens[t]))
      found = "token " + std::to_string(t) + " is " + std::to_string(tokens[t]) +
              ", which its kept set leaves out";
    else if (top_k > 0 && set.size() > top_k)
      found = "kept set " + std::to_string(t) + " holds " + std::to_string(set.size()) +
              " tokens, expected at most top_k " + std::to_string(top_k);
    return found.empty();
  });
  return found;
}

}  // namespace r1zero
