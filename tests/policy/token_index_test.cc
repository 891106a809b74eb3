#include "policy/token_index.h"

#include <gtest/gtest.h>

#include <map>

#include "common/philox.h"

namespace r1zero {
namespace {

TEST(TokenIndex, FindsWhatAMapFinds) {
  RandomStream random(7, RandomPurpose::kCorpus);
  std::vector<std::string> texts(2000);
  for (std::string& text : texts)  // many of them twice
    for (int64_t n = random.Below(4); n > 0; --n) text += static_cast<char>('a' + random.Below(9));
  TokenIndex index(texts, texts.size());
  std::map<std::string, int32_t> expected;
  for (int32_t token = 0; token < 2000; ++token) {
    EXPECT_EQ(index.Find(texts[token]),
              expected.contains(texts[token]) ? expected[texts[token]] : TokenIndex::kNone);
    EXPECT_EQ(index.Add(token), expected.emplace(texts[token], token).second);
  }
  for (const auto& [text, token] : expected) EXPECT_EQ(index.Find(text), token) << text;
  EXPECT_EQ(index.Find("none of them"), TokenIndex::kNone);
}

TEST(TokenIndex, OfNothingFindsNothing) {
  const std::vector<std::string> none;
  EXPECT_EQ(TokenIndex(none, 0).Find(""), TokenIndex::kNone);
}

}  // namespace
}  // namespace r1zero
