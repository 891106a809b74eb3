#include "policy/word_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/philox.h"
#include "tests/policy/test_words.h"

namespace r1zero {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<std::string> WordsOf(const WordTokenizer& tokenizer, std::string_view text) {
  std::vector<std::string> words;
  for (const int32_t token : tokenizer.Encode(text)) words.push_back(tokenizer.word(token));
  return words;
}

std::string Refusal(const json& root) {
  try {
    WordTokenizer::FromJson(root.dump(), "dir/tokenizer.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(WordTokenizer, MatchesTheLongestWordFirst) {
  const WordTokenizer signs(SignsWords(), 0, 1);
  EXPECT_EQ(signs.vocab_size(), 121);
  EXPECT_THAT(WordsOf(signs, "6 6 8 8=16:"),
              testing::ElementsAre("6", " ", "6", " ", "8", " ", "8", "=", "16", ":"));
  EXPECT_THAT(WordsOf(signs, "<think>6+6=12-49=-37"),
              testing::ElementsAre("<think>", "6", "+6", "=", "12", "-49", "=", "-37"));
  EXPECT_THAT(WordsOf(signs, "waitok-0550"),
              testing::ElementsAre("wait", "ok", "-", "0", "5", "5", "0"));
}

// Longest match by its definition: of all words, the longest that the rest starts with.
std::vector<int32_t> NaiveEncode(const std::vector<std::string>& words, std::string_view text) {
  std::vector<int32_t> tokens;
  while (!text.empty()) {
    int32_t best = -1;
    for (size_t i = 2; i < words.size(); ++i)
      if (text.starts_with(words[i]) && (best < 0 || words[i].size() > words[best].size()))
        best = static_cast<int32_t>(i);
    tokens.push_back(best);
    text.remove_prefix(words[best].size());
  }
  return tokens;
}

TEST(WordTokenizer, AgreesWithTheDefinitionOnRandomTexts) {
  RandomStream random(1, RandomPurpose::kCorpus);
  for (const auto& words : {SignsWords(), CharacterWords()}) {
    const WordTokenizer tokenizer(words, 0, 1);
    for (int i = 0; i < 500; ++i) {
      std::string text;
      for (int64_t n = random.Below(30); n > 0; --n)
        text += words[2 + random.Below(words.size() - 2)];
      const std::vector<int32_t> tokens = tokenizer.Encode(text);
      EXPECT_EQ(tokens, NaiveEncode(words, text)) << text;
      EXPECT_EQ(tokenizer.Decode(tokens), text);
    }
  }
}

TEST(WordTokenizer, SpecialTokensNeverMatchTextAndDecodeToNothing) {
  const WordTokenizer characters(CharacterWords(), 0, 1);
  EXPECT_EQ(characters.Encode("<eos>").size(), 5);
  const WordTokenizer signs(SignsWords(), 0, 1);
  EXPECT_THROW(signs.Encode("<eos>"), Error);
  EXPECT_EQ(signs.Decode(std::vector<int32_t>{0, 7, 1, 6, 0}), "okwait");
}

TEST(WordTokenizer, SaysWhereTextCannotBeEncoded) {
  const WordTokenizer signs(SignsWords(), 0, 1);
  EXPECT_THAT([&] { signs.Encode("6+6=x2"); },
              testing::ThrowsMessage<Error>(testing::AllOf(HasSubstr("byte 4"), HasSubstr("x2"))));
  EXPECT_THROW(signs.Decode(std::vector<int32_t>{121}), Error);
  EXPECT_THROW(signs.Decode(std::vector<int32_t>{-1}), Error);
}

TEST(WordTokenizer, RefusesABadVocabulary) {
  EXPECT_THROW(WordTokenizer({}, 0, 0), Error);
  EXPECT_THROW(WordTokenizer({"a", "b", "a"}, 0, 1), Error);
  EXPECT_THROW(WordTokenizer({"a", "b", ""}, 0, 1), Error);
  EXPECT_THROW(WordTokenizer({"a", "b"}, 0, 2), Error);
  EXPECT_THROW(WordTokenizer({"a", "b"}, -1, 1), Error);
  EXPECT_THROW(WordTokenizer({"a", "b", "\xff"}, 0, 1).ToJson(), Error);
}

TEST(WordTokenizer, SurvivesTheWayThroughTokenizerJson) {
  for (const auto& words : {SignsWords(), CharacterWords()})
    for (const auto& [pad, eos] : {std::pair(0, 1), std::pair(5, 2), std::pair(3, 3)}) {
      const WordTokenizer before(words, pad, eos);
      const WordTokenizer after = WordTokenizer::FromJson(before.ToJson(), "tokenizer.json");
      EXPECT_EQ(after.pad_token(), pad);
      EXPECT_EQ(after.eos_token(), eos);
      ASSERT_EQ(after.vocab_size(), before.vocab_size());
      for (int32_t i = 0; i < before.vocab_size(); ++i) EXPECT_EQ(after.word(i), before.word(i));
      EXPECT_EQ(after.ToJson(), before.ToJson());
    }
}

TEST(WordTokenizer, RefusesOtherKindsByName) {
  const json good = json::parse(WordTokenizer(SignsWords(), 0, 1).ToJson());
  EXPECT_EQ(Refusal(good), "");
  const std::tuple<const char*, json, const char*> cases[] = {
      {"/model/type", "BPE", "model of type \"BPE\""},
      {"/pre_tokenizer/type", "ByteLevel", "pre_tokenizer of type \"ByteLevel\""},
      {"/pre_tokenizer/behavior", "Removed", "Isolated"},
      {"/pre_tokenizer/invert", true, "inverted"},
      {"/pre_tokenizer/pattern/Regex", "a|b", "pattern"},
      {"/decoder", nullptr, "decoder"},
      {"/normalizer", {{"type", "NFC"}}, "normalizer"},
      {"/post_processor", {{"type", "TemplateProcessing"}}, "post_processor"},
      {"/model/vocab/wait", 121, "wait"},
      {"/model/vocab/wait", 7, "id 7"},
      {"/model/vocab/wait", -1, "wait"},
      {"/model/vocab/wait", 1.5, "wait"},
      {"/model/vocab", json::object(), "vocab"},
      {"/added_tokens", json::array(), "added_tokens"},
      {"/added_tokens/0/special", false, "special"},
      {"/added_tokens/0/id", 999, "added_tokens"},
      {"/added_tokens/0/id", "x", "added_tokens"},
  };
  for (const auto& [where, value, named] : cases) {
    json bad = good;
    bad[json::json_pointer(where)] = value;
    EXPECT_THAT(Refusal(bad), testing::AllOf(HasSubstr("dir/tokenizer.json"), HasSubstr(named)))
        << where << " = " << value;
  }
}

TEST(WordTokenizer, TakesAFileThatTransformersSavedAgain) {
  json saved = json::parse(WordTokenizer(SignsWords(), 0, 1).ToJson());
  saved["truncation"] = {{"max_length", 8}};
  saved["padding"] = {{"pad_id", 0}};
  saved["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
      "single": [{"Sequence": {"id": "A", "type_id": 0}}], "special_tokens": {}})");
  EXPECT_EQ(Refusal(saved), "");
  saved["post_processor"]["special_tokens"]["<eos>"] = {{"ids", {1}}};
  EXPECT_THAT(Refusal(saved), HasSubstr("post_processor"));
}

TEST(WordTokenizer, RefusesTheBytePairTokenizersOfOtherModels) {
  EXPECT_THAT(
      Refusal({{"model", {{"type", "BPE"}, {"vocab", {{"a", 0}}}, {"merges", json::array()}}}}),
      HasSubstr("BPE"));
}

}  // namespace
}  // namespace r1zero
