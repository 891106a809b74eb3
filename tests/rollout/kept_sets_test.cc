#include "rollout/kept_sets.h"

#include <gmock/gmock.h>

#include <random>

#include "common/error.h"

namespace r1zero {
namespace {

using kernels::TokenSet;
using testing::HasSubstr;

// About one token in `rarity`, and `token`.
TokenSet RandomSet(int64_t V, int rarity, int32_t token, std::mt19937& random) {
  TokenSet set(V);
  set.Add(token);
  for (int32_t v = 0; v < V; ++v)
    if (random() % rarity == 0) set.Add(v);
  return set;
}

TEST(KeptSets, AnySetsAreUnpackedAsTheyWereAppended) {
  std::mt19937 random(1);
  for (int64_t V = 1; V <= 300; V += 7) {
    KeptSets kept;
    std::vector<TokenSet> sets;
    std::vector<int32_t> tokens;
    for (const int rarity : {1, 2, 30, 1000}) {
      tokens.push_back(static_cast<int32_t>(random() % V));
      sets.push_back(RandomSet(V, rarity, tokens.back(), random));
      kept.Append(sets.back());
    }
    EXPECT_EQ(Unpack(kept, V), sets);
    EXPECT_EQ(WhatIsWrong(kept, tokens, V), "");
  }
}

TEST(KeptSets, TakeNoMoreThanTheIdsOrTheBits) {
  std::mt19937 random(2);
  for (const int64_t V : {31, 512, 49152})
    for (const int rarity : {1, 10, 100, 10000}) {
      const TokenSet set = RandomSet(V, rarity, 3, random);
      KeptSets kept;
      kept.Append(set);
      EXPECT_EQ(kept.words.size(), std::min(set.size(), (V + 31) / 32));
    }
}

// Tokens 3 and 99 of 100: first as ids, then as bits.
KeptSets Sample() { return {.lengths_T = {2, 4}, .words = {3, 99, 8, 0, 0, 8}}; }

TEST(KeptSets, WhatCannotBeIsNamed) {
  const std::vector<int32_t> tokens{3, 99};
  ASSERT_EQ(WhatIsWrong(Sample(), tokens, 100), "");
  const auto wrong = [&](auto change) {
    KeptSets kept = Sample();
    change(kept);
    return WhatIsWrong(kept, tokens, 100);
  };
  EXPECT_THAT(wrong([](auto& k) { k.lengths_T.pop_back(); }), HasSubstr("2 tokens but 1 kept"));
  EXPECT_THAT(wrong([](auto& k) { k.words.pop_back(); }), HasSubstr("6 words in all, but 5"));
  EXPECT_THAT(wrong([](auto& k) { k.lengths_T = {-1, 7}; }), HasSubstr("set of -1 words"));
  EXPECT_THAT(wrong([](auto& k) { k.lengths_T = {0, 6}; }), HasSubstr("set of 0 words"));
  EXPECT_THAT(wrong([](auto& k) { k.words[1] = 100; }), HasSubstr("token 100"));
  EXPECT_THAT(wrong([](auto& k) { k.words[1] = ~0u; }), HasSubstr("token 4294967295"));
  EXPECT_THAT(wrong([](auto& k) { k.words[1] = 3; }), HasSubstr("token 3 after 3"));
  EXPECT_THAT(wrong([](auto& k) { k.words[5] |= 16; }), HasSubstr("token 100 of 100"));
  EXPECT_THAT(wrong([](auto& k) { k.words[0] = 4; }),
              HasSubstr("token 0 is 3, which its kept set"));
  EXPECT_THAT(wrong([](auto& k) { k.words[5] = 4; }), HasSubstr("token 1 is 99"));
  EXPECT_THROW(Unpack({.lengths_T = {2}, .words = {5, 5}}, 100), Error);
}

}  // namespace
}  // namespace r1zero
