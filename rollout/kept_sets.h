// The sets of tokens that truncation left while a completion was sampled, one for each of its
// tokens: with them the learner computes log-probabilities of the very distribution sampled from.
//
// A token costs 4 bytes * (1 + min(tokens kept, ceil(V / 32))): ids while they are few, else bits.
// At V = 512 that is at most 68 bytes, at V = 49152 with 20 tokens kept 84.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/token_set.h"

namespace r1zero {

struct KeptSets {
  // Words of each set. Fewer than ceil(V / 32): ids, ascending. Exactly that: token v is bit v % 32
  // of word v / 32.
  std::vector<int32_t> lengths_T;
  std::vector<uint32_t> words;  // one set after another

  bool empty() const { return lengths_T.empty(); }
  void Append(const kernels::TokenSet& set);
  bool operator==(const KeptSets&) const = default;
};

// One set a token. Error as by WhatIsWrong.
std::vector<kernels::TokenSet> Unpack(const KeptSets& kept, int64_t vocab_size);

// Empty if there is one set for each token, within the vocabulary, that holds it and (if top_k > 0)
// at most top_k tokens; else what is wrong.
std::string WhatIsWrong(const KeptSets& kept, std::span<const int32_t> tokens, int64_t vocab_size,
                        int64_t top_k = 0);

}  // namespace r1zero
