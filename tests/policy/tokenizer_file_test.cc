// Files that are wrong, by mistake or by intent.
#include "policy/tokenizer_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/error.h"
#include "common/philox.h"
#include "policy/json.h"
#include "tests/policy/bpe_vectors.h"

namespace r1zero {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

std::string Refusal(const std::string& text) {
  try {
    MakeTokenizer(text, "dir/tokenizer.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

json Small() {
  json vocab;
  for (int i = 0; i < 26; ++i) vocab[std::string(1, static_cast<char>('a' + i))] = i;
  vocab["ab"] = 26;
  return {{"added_tokens", {{{"id", 27}, {"content", "<s>"}, {"special", true}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b"}}}}};
}

TEST(TokenizerFile, IsReadInBothFormsOfMerges) {
  json root = Small();
  EXPECT_EQ(MakeTokenizer(root.dump(), "")->Encode("abc<s>"), (std::vector<int32_t>{26, 2, 27}));
  root["model"]["merges"] = json::array({json::array({"a", "b"})});
  EXPECT_EQ(MakeTokenizer(root.dump(), "")->Encode("abc<s>"), (std::vector<int32_t>{26, 2, 27}));
  root["model"].erase("type");  // as it was written before there were types
  EXPECT_EQ(MakeTokenizer(root.dump(), "")->vocab_size(), 28);
}

TEST(TokenizerFile, WhichIsWrongIsRefusedWithFileFieldAndRule) {
  const json deep = json::parse(std::string(70, '[') + std::string(70, ']'));
  const std::tuple<const char*, json, const char*> cases[] = {
      {"/model", 1, "model is missing"},
      {"/model/type", 1, "model.type is 1"},
      {"/model/type", "Unigram", "\"Unigram\" is not supported; expected \"BPE\""},
      {"/model/type", "WordPiece", "\"WordPiece\" is not supported"},
      {"/model/vocab", {{"a", 0}}, "expected 1: what is not in model.vocab follows"},
      {"/model/vocab", json::array({"a"}), "model.vocab is missing, empty or no object"},
      {"/model/vocab", json::object(), "model.vocab is missing, empty"},
      {"/model/vocab/a", "x", "model.vocab \"a\" is \"x\""},
      {"/model/vocab/a", -1, "model.vocab \"a\" is -1"},
      {"/model/vocab/a", 1.5, "model.vocab \"a\" is 1.5"},
      {"/model/vocab/a", nullptr, "model.vocab \"a\" is null"},
      {"/model/vocab/a", json::object(), "model.vocab \"a\" is an object"},
      {"/model/vocab/a", 1, "gives the id 1 to"},
      {"/model/vocab/a", 27, "is 27, expected the ids 0 to 26, each once"},
      {"/model/vocab/a", 2147483647, "each once"},
      {"/model/vocab/a", 4294967296, "4294967296, expected an id"},
      {"/model/vocab/", 27, "empty token"},
      {"/model/merges", "a b", "model.merges"},
      {"/model/merges", {"ab"}, "model.merges[0] is \"ab\""},
      {"/model/merges", {"a b c"}, "expected two tokens"},
      {"/model/merges", json::array({json::array({"a"})}), "model.merges[0] has 1 tokens"},
      {"/model/merges", json::array({json::array({"a", "b", "c"})}),
       "model.merges[0] has 3 tokens"},
      {"/model/merges", json::array({json::array({"a", json::array()})}), "model.merges[0]"},
      {"/model/merges", {1}, "model.merges[0] is 1"},
      {"/model/merges", json::array({json::object()}), "model.merges[0] is an object"},
      {"/model/merges", {"a z"}, "needs \"az\""},
      {"/model/merges", {"a \xC3\xA9"}, "model.merges[0] needs"},
      {"/model/merges", {" b"}, "empty token"},
      {"/model/dropout", 0.5, "model.dropout"},
      {"/model/unk_token", "a", "model.unk_token"},
      {"/model/byte_fallback", true, "model.byte_fallback"},
      {"/model/end_of_word_suffix", "</w>", "model.end_of_word_suffix"},
      {"/model/continuing_subword_prefix", "##", "model.continuing_subword_prefix"},
      {"/model/ignore_merges", 1, "model.ignore_merges"},
      {"/added_tokens", 1, "added_tokens is 1"},
      {"/added_tokens/0", 1, "added_tokens[0] is 1"},
      {"/added_tokens/0/id", -1, "added_tokens[0].id is -1"},
      {"/added_tokens/0/id", 28, "has the id 28, expected 27"},
      {"/added_tokens/0/id", 5, "has the id 5, expected 27"},
      {"/added_tokens/0/id", 4294967295, "added_tokens[0].id"},
      {"/added_tokens/0/content", "", "added_tokens[0].content is \"\""},
      {"/added_tokens/0/content", 7, "added_tokens[0].content"},
      {"/added_tokens/0/content", "a", "expected 0"},
      {"/added_tokens/0/lstrip", "yes", "added_tokens[0].lstrip"},
      {"/added_tokens/1", {{"id", 27}, {"content", "<t>"}}, "expected 28"},
      {"/added_tokens/1", {{"id", 28}, {"content", "<s>"}}, "expected 27"},
      {"/normalizer", {{"type", "NFKC"}}, "normalizer {\"type\":\"NFKC\"}"},
      {"/normalizer", 1, "normalizer 1"},
      {"/normalizer", {{"type", "Sequence"}}, "normalizer.normalizers"},
      {"/pre_tokenizer", nullptr, "pre_tokenizer is null"},
      {"/pre_tokenizer/type", "Metaspace", "\"Metaspace\" is not supported"},
      {"/pre_tokenizer/use_regex", 1, "pre_tokenizer.use_regex"},
      {"/pre_tokenizer", {{"type", "Sequence"}}, "pre_tokenizer.pretokenizers"},
      {"/pre_tokenizer",
       {{"type", "Sequence"}, {"pretokenizers", json::array({1})}},
       "pretokenizers[0] is 1"},
      {"/pre_tokenizer",
       {{"type", "Sequence"}, {"pretokenizers", json::array({{{"type", "Digits"}}})}},
       "pretokenizers[0] is the last"},
      {"/post_processor", {{"type", "BertProcessing"}}, "BertProcessing"},
      {"/post_processor", {{"type", "TemplateProcessing"}}, "post_processor.single"},
      {"/post_processor",
       {{"type", "TemplateProcessing"},
        {"single", json::array({{{"SpecialToken", {{"id", "<s>"}}}}})}},
       "special_tokens has no ids of \"<s>\""},
      {"/decoder", nullptr, "decoder null"},
      {"/decoder", {{"type", "Fuse"}}, "decoder {\"type\":\"Fuse\"}"},
      {"/truncation", deep, "nested deeper than 64"},
  };
  EXPECT_EQ(Refusal(Small().dump()), "");
  for (const auto& [where, value, named] : cases) {
    json bad = Small();
    bad[json::json_pointer(where)] = value;
    EXPECT_THAT(Refusal(bad.dump()), AllOf(HasSubstr("dir/tokenizer.json"), HasSubstr(named)))
        << where << " = " << value;
  }
}

TEST(TokenizerFile, WithAnotherRegexIsRefusedShowingItAndWhatIsKnown) {
  json root = Small();
  root["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers",
                            {{{"type", "Split"},
                              {"pattern", {{"Regex", "(a+)+b"}}},
                              {"behavior", "Isolated"},
                              {"invert", false}},
                             {{"type", "ByteLevel"}}}}};
  EXPECT_THAT(Refusal(root.dump()), AllOf(HasSubstr("(a+)+b"), HasSubstr("\\p{N}{1,3}"),
                                          HasSubstr("Qwen"), HasSubstr("GPT-2")));
  auto& split = root["pre_tokenizer"]["pretokenizers"][0];
  split["behavior"] = "Removed";
  EXPECT_THAT(Refusal(root.dump()), HasSubstr("must be Isolated"));
  split["behavior"] = "Isolated";
  split["pattern"] = {{"String", " "}};
  EXPECT_THAT(Refusal(root.dump()), HasSubstr("expected a Regex"));
}

TEST(TokenizerFile, WithAKeyTwiceIsRefused) {
  const auto with = [](std::string text, const std::string& before, const std::string& more) {
    return text.insert(text.find(before), more);
  };
  const std::string good = Small().dump();
  EXPECT_THAT(Refusal(with(good, "\"b\":1", "\"b\":1,")), HasSubstr("model.vocab"));
  EXPECT_THAT(Refusal(with(good, "\"vocab\":", "\"vocab\":{\"a\":0},")), HasSubstr("\"vocab\""));
  EXPECT_THAT(Refusal(with(good, "\"merges\":", "\"merges\":[],")), HasSubstr("\"merges\""));
  EXPECT_THAT(Refusal(with(good, "\"model\":", "\"model\":{},")), HasSubstr("\"model\""));
  EXPECT_THAT(Refusal(with(good, "\"decoder\":", "\"decoder\":1,")), HasSubstr("\"decoder\""));
}

TEST(TokenizerFile, CutOffAnywhereIsRefused) {
  const std::string good = Small().dump();
  for (size_t size = 0; size < good.size(); ++size)
    ASSERT_THAT(Refusal(good.substr(0, size)), HasSubstr("dir/tokenizer.json")) << size;
}

// Nothing but Error, whatever the bytes; what is still taken, encodes and decodes.
TEST(TokenizerFile, ChangedAtRandomNeverDoesHarm) {
  RandomStream random(5, RandomPurpose::kCorpus);
  json root = Small();
  root["normalizer"] = {{"type", "NFC"}};
  root["post_processor"] = json::parse(R"({"type": "TemplateProcessing", "single":
      [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}],
      "special_tokens": {"<s>": {"ids": [27]}}})");
  const std::string good = root.dump(), alphabet = "{}[]\",:0129-.eabtrufnls\\< \x80\xff";
  ASSERT_EQ(Refusal(good), "");
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    std::string bad = good;
    for (int64_t n = 1 + random.Below(3); n > 0; --n) {
      const size_t at = random.Below(bad.size());
      switch (random.Below(3)) {
        case 0: bad[at] = alphabet[random.Below(alphabet.size())]; break;
        case 1: bad.erase(at, 1 + random.Below(8)); break;
        default: bad.insert(at, bad.substr(random.Below(bad.size()), random.Below(12)));
      }
    }
    try {
      const auto tokenizer = MakeTokenizer(bad, "f");
      const auto ids = tokenizer->EncodePrompt("abcab<s> 12 \xC3\xA9");
      tokenizer->Decode(ids);
      ++taken;
    } catch (const Error& error) {
      ASSERT_THAT(error.what(), testing::StartsWith("f: ")) << bad;
    }
  }
  EXPECT_GT(taken, 20);
}

}  // namespace
}  // namespace r1zero
