#include "policy/bpe_merges.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <queue>

namespace r1zero {
namespace {

constexpr size_t kShortWord = 48;  // tokens; beyond this a heap is faster
constexpr int32_t kNoRank = INT32_MAX;

struct Candidate {
  int32_t rank;
  int32_t left;                                   // places in the word
  int32_t left_token, right_token;                // to tell what has changed meanwhile
  bool operator<(const Candidate& other) const {  // the queue's top is the largest
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

}  // namespace

BpeMerges::BpeMerges(const std::array<int32_t, 256>& byte_tokens, const std::vector<Merge>& merges)
    : byte_tokens_(byte_tokens) {
  const size_t size = std::bit_ceil(std::max<size_t>(16, 2 * merges.size()));
  shift_ = 64 - std::countr_zero(size);
  slots_.resize(size);
  for (const Merge& merge : merges) {
    const uint64_t pair = PairOf(merge.left, merge.right);
    slots_[Place(pair)] = {pair, merge.rank, merge.merged};
  }
}

size_t BpeMerges::Place(uint64_t pair) const {
  size_t at = (pair * 0x9E3779B97F4A7C15u) >> shift_;
  while (slots_[at].pair != pair && slots_[at].pair != kEmpty) at = (at + 1) & (slots_.size() - 1);
  return at;
}

const BpeMerges::Slot* BpeMerges::Find(int32_t left, int32_t right) const {
  const Slot& slot = slots_[Place(PairOf(left, right))];
  return slot.pair == kEmpty ? nullptr : &slot;
}

void BpeMerges::Encode(std::string_view word, std::vector<int32_t>& tokens) const {
  const size_t begin = tokens.size();
  for (const char byte : word) {
    const int32_t token = byte_tokens_[static_cast<unsigned char>(byte)];
    if (token != kNone) tokens.push_back(token);
  }
  if (tokens.size() - begin <= kShortWord) {
    MergeShort(tokens, begin);
  } else {
    MergeLong(tokens, begin);
  }
}

// Looks through the ranks of all neighbours for each merge.
void BpeMerges::MergeShort(std::vector<int32_t>& tokens, size_t begin) const {
  int32_t* const word = tokens.data() + begin;
  size_t n = tokens.size() - begin;
  int32_t ranks[kShortWord];  // [i] of the tokens i and i + 1
  const auto rank_of = [&](size_t i) {
    const Slot* merge = Find(word[i], word[i + 1]);
    return merge ? merge->rank : kNoRank;
  };
  for (size_t i = 0; i + 1 < n; ++i) ranks[i] = rank_of(i);
  while (n > 1) {
    const size_t i = std::min_element(ranks, ranks + n - 1) - ranks;
    if (ranks[i] == kNoRank) break;
    word[i] = Find(word[i], word[i + 1])->merged;
    std::copy(word + i + 2, word + n, word + i + 1);
    std::copy(ranks + i + 1, ranks + n - 1, ranks + i);
    --n;
    if (i > 0) ranks[i - 1] = rank_of(i - 1);
    if (i + 1 < n) ranks[i] = rank_of(i);
  }
  tokens.resize(begin + n);
}

// The neighbours wait in a heap; the word is a list, so that a merge moves nothing.
void BpeMerges::MergeLong(std::vector<int32_t>& tokens, size_t begin) const {
  const auto n = static_cast<int32_t>(tokens.size() - begin);
  int32_t* const word = tokens.data() + begin;  // kNone: merged into the one before
  std::vector<int32_t> before(n), after(n);
  std::priority_queue<Candidate> queue;
  const auto look_at = [&](int32_t i) {
    if (i < 0 || after[i] == n) return;
    if (const Slot* merge = Find(word[i], word[after[i]]))
      queue.push({merge->rank, i, word[i], word[after[i]]});
  };
  for (int32_t i = 0; i < n; ++i) before[i] = i - 1, after[i] = i + 1;
  for (int32_t i = 0; i < n; ++i) look_at(i);
  for (; !queue.empty();) {
    const Candidate top = queue.top();
    queue.pop();
    const int32_t i = top.left, right = after[i];
    const bool is_stale = word[i] != top.left_token || right == n || word[right] != top.right_token;
    if (is_stale) continue;
    word[i] = Find(top.left_token, top.right_token)->merged;
    word[right] = kNone;
    after[i] = after[right];
    if (after[i] < n) before[after[i]] = i;
    look_at(before[i]);
    look_at(i);
  }
  tokens.erase(std::remove(tokens.begin() + static_cast<ptrdiff_t>(begin), tokens.end(), kNone),
               tokens.end());
}

}  // namespace r1zero
