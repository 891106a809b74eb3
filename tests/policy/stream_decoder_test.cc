#include "policy/stream_decoder.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <vector>

#include "policy/utf8.h"
#include "tests/policy/bpe_vectors.h"
#include "tests/policy/streamed.h"

namespace r1zero {
namespace {

// The token of each byte.
std::map<char, int32_t> ByteTokens(const Tokenizer& tokenizer) {
  std::map<char, int32_t> tokens;
  for (int32_t id = 0; id < tokenizer.vocab_size(); ++id)
    if (const std::string bytes = tokenizer.TokenBytes(id); bytes.size() == 1)
      tokens.emplace(bytes[0], id);
  return tokens;
}

TEST(StreamDecoder, GivesWholeCharactersOnly) {
  const auto tokenizer = TestBpe("gpt2");
  const auto tokens = ByteTokens(*tokenizer);
  StreamDecoder decoder(*tokenizer);
  std::vector<std::string> pieces;
  for (const char byte : std::string("a\u4f60\xe4z"))
    pieces.push_back(decoder.Add(tokens.at(byte)));
  EXPECT_EQ(pieces, (std::vector<std::string>{"a", "", "", "\u4f60", "", "\ufffdz"}));
  EXPECT_EQ(decoder.Finish(), "");
  EXPECT_EQ(decoder.Add(tokens.at('\xf0')), "");
  EXPECT_EQ(decoder.Finish(), "\ufffd");
}

// Leads, continuations and bytes that are neither, in any order.
TEST(StreamDecoder, GivesInAllWhatTheBytesAreAtOnce) {
  const auto tokenizer = TestBpe("gpt2");
  const auto tokens = ByteTokens(*tokenizer);
  const std::string alphabet = "aZ\x80\x9f\xbf\xc0\xc3\xe0\xed\xef\xf0\xf4\xf5\xff";
  std::mt19937 random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    std::vector<int32_t> ids;
    for (uint32_t i = random() % 12; i > 0; --i) {
      bytes += alphabet[random() % alphabet.size()];
      ids.push_back(tokens.at(bytes.back()));
    }
    EXPECT_EQ(Streamed(*tokenizer, ids), ToValidUtf8(bytes));
  }
}

}  // namespace
}  // namespace r1zero
