// Hostile tokenizer files: whatever the bytes, a loader either makes a tokenizer that keeps what
// policy/tokenizer.h and docs/tokenizers.md promise, or throws Error. The command is there.
#include <algorithm>
#include <cstdlib>

#include "common/error.h"
#include "common/file.h"
#include "policy/byte_alphabet.h"
#include "policy/json.h"
#include "policy/stream_decoder.h"
#include "policy/utf8.h"
#include "policy/word_tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace r1zero {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

constexpr const char* kWhere = "fuzz.json";

void Demand(bool kept, const char* promise) {
  if (kept) return;
  std::fprintf(stderr, "broken: %s\n", promise);
  std::abort();
}

bool IsAscii(const std::string& text) { return AsciiSize(text) == text.size(); }

// Whether a tokenizer.json has a part that changes texts on the way to ids and back.
bool ChangesTexts(const json& root) {
  if (!root.value("normalizer", json()).is_null()) return true;
  if (root["pre_tokenizer"].dump().find("\"add_prefix_space\":false") == std::string::npos)
    return true;  // it is true where it is not given
  return std::ranges::any_of(root.value("added_tokens", json::array()), [](const json& token) {
    return token.value("special", false) || token.value("lstrip", false) ||
           token.value("rstrip", false) || !IsAscii(token["content"].get<std::string>());
  });
}

bool HasTokenOfEachByte(const json& vocab) {
  for (int byte = 0; byte < 256; ++byte) {
    std::string text;
    AppendUtf8(ByteCharacter(static_cast<unsigned char>(byte)), text);
    if (!vocab.contains(text)) return false;
  }
  return true;
}

bool IsLossless(const std::string& file) {
  const json root = json::parse(file);
  if (root["model"].value("type", "BPE") == "WordLevel") return true;
  return !ChangesTexts(root) && HasTokenOfEachByte(root["model"]["vocab"]);
}

std::string Streamed(const Tokenizer& tokenizer, const Ids& ids) {
  StreamDecoder decoder(tokenizer);
  std::string text;
  for (const int32_t id : ids) text += decoder.Add(id);
  return text + decoder.Finish();
}

void CheckIds(const Tokenizer& tokenizer, const Ids& ids) {
  std::string bytes;
  for (const int32_t id : ids) {
    Demand(id >= 0 && id < tokenizer.vocab_size(), "every id is in the vocabulary");
    Demand(!tokenizer.TokenText(id).empty(), "every token has a text");
    bytes += tokenizer.TokenBytes(id);
  }
  const std::string text = tokenizer.Decode(ids);
  Demand(text == ToValidUtf8(bytes), "Decode is the tokens' bytes, with U+FFFD for what is none");
  Demand(text == Streamed(tokenizer, ids), "StreamDecoder gives what Decode gives");
}

void CheckPrompt(const Tokenizer& tokenizer, const std::string& text, const Ids& ids) {
  const Ids prompt = tokenizer.EncodePrompt(text);
  Demand(prompt.size() >= ids.size() && std::equal(ids.rbegin(), ids.rend(), prompt.rbegin()),
         "EncodePrompt ends with what Encode gives");
}

// Text that is not valid UTF-8 is an Error of a BPE; a WordLevel one may have no word for a text.
void CheckText(const Tokenizer& tokenizer, const std::string& text, bool is_lossless) try {
  const Ids ids = tokenizer.Encode(text);
  CheckIds(tokenizer, ids);
  CheckPrompt(tokenizer, text, ids);
  Demand(tokenizer.Encode(text) == ids, "a text has the same ids each time");
  Demand(!is_lossless || tokenizer.Decode(ids) == text, "Decode(Encode(text)) is the text");
} catch (const Error&) {
}

// What the file itself may spell, too.
std::vector<std::string> Texts(const std::string& file) {
  static const std::vector<std::string> fixed{
      "", "abcab <s>ab</s> cab  12345\n\n\tb'll B\xC3\xA9 e\xCC\x81<|x|>", std::string(60, 'a'),
      "\xE4\xBD\xA0\xE5\xA5\xBD \xF0\x9F\x98\x80 \xC2\xA0\xE2\x80\x83 \xED\x95\x9C", "a\xFF"};
  std::vector<std::string> texts = fixed;
  texts.push_back(ToValidUtf8(file.substr(file.size() / 3, 64)));
  return texts;
}

std::shared_ptr<const Tokenizer> Loaded(const std::string& file) try {
  return MakeTokenizer(file, kWhere);
} catch (const Error& error) {
  Demand(std::string(error.what()).starts_with(kWhere), "an error names the file");
  return nullptr;
}

uint32_t Read(const std::string& file) {
  const auto tokenizer = Loaded(file);
  if (!tokenizer) return 0;
  const bool is_lossless = IsLossless(file);
  const std::vector<std::string> texts = Texts(file);
  for (const std::string& text : texts) CheckText(*tokenizer, text, is_lossless);
  for (const int32_t id : {-1, tokenizer->vocab_size(), INT32_MAX})
    Demand(tokenizer->TokenBytes(id).empty() && !tokenizer->is_special(id),
           "an id beyond the vocabulary is no token");
  const auto again = MakeTokenizer(tokenizer->ToJson(), kWhere);
  Demand(again->vocab_size() == tokenizer->vocab_size(), "ToJson makes the tokenizer");
  return is_lossless ? 3 : 1;
}

// A BPE of some letters, or of all bytes; with the parts of `change` in the place of its own.
std::string SmallBpe(const json& change, bool all_bytes) {
  json vocab, root = {{"added_tokens", json::array()},
                      {"normalizer", nullptr},
                      {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}}},
                      {"post_processor", nullptr},
                      {"decoder", {{"type", "ByteLevel"}}}};
  for (int byte = 0; byte < 256; ++byte) {
    if (!all_bytes && (byte < 'a' || byte > 'f') && byte != ' ' && byte != 0xC3) continue;
    std::string text;
    AppendUtf8(ByteCharacter(static_cast<unsigned char>(byte)), text);
    vocab[text] = vocab.size();
  }
  for (const char* merged : {"ab", "ca", "cab",
                             "\xC4\xA0"
                             "b"})
    vocab[merged] = vocab.size();
  root["model"] = {
      {"type", "BPE"}, {"vocab", vocab}, {"merges", {"a b", "c ab", "c a", "\xC4\xA0 b"}}};
  root.update(change);
  for (const char* content : {"<s>", "</s>", "ab<"})
    root["added_tokens"].push_back({{"id", vocab.size() + root["added_tokens"].size()},
                                    {"content", content},
                                    {"special", content[0] == '<' && !all_bytes},
                                    {"normalized", content[0] == 'a'},
                                    {"lstrip", false}});
  return root.dump();
}

const json kBegins = json::parse(R"({"post_processor": {"type": "TemplateProcessing", "single":
    [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens":
    {"<s>": {"ids": [12]}}}, "normalizer": {"type": "NFC"}})");

std::vector<std::string> Seeds() {
  std::vector<std::string> seeds{
      SmallBpe(json::object(), true), SmallBpe(json::object(), false), SmallBpe(kBegins, false),
      WordTokenizer({"a", "b", "ab", "<pad>", "<eos>", " "}, 3, 4).ToJson()};
  const json vectors = json::parse(ReadFile(R1ZERO_TEST_DATA "/bpe_vectors.json"));
  for (const json& golden : vectors["cases"]) {
    json change = golden["change"];
    change.erase("model");
    change.erase("added_tokens");
    change.erase("post_processor");
    seeds.push_back(SmallBpe(change, false));
  }
  return seeds;
}

std::vector<std::string> Words() {
  return {"0",
          "-1",
          "1",
          "12",
          "2147483647",
          "4294967296",
          "18446744073709551615",
          "1e400",
          "0.5",
          "null",
          "true",
          "false",
          "[]",
          "{}",
          "\"\"",
          "\" \"",
          "\"a\"",
          "\"ab\"",
          "\"a b\"",
          "\"a b c\"",
          "[\"a\",\"b\"]",
          "[\"a\"]",
          "\"BPE\"",
          "\"WordLevel\"",
          "\"Unigram\"",
          "\"ByteLevel\"",
          "\"Split\"",
          "\"Digits\"",
          "\"Sequence\"",
          "\"NFC\"",
          "\"vocab\":",
          "\"merges\":[],",
          "\"model\":",
          "\"type\":",
          "\"added_tokens\":",
          "\"id\":",
          "\"content\":",
          "\"special\":true,",
          "\"lstrip\":true,",
          "\"rstrip\":true,",
          "\"single_word\":true,",
          "\"normalized\":true,",
          "\"ignore_merges\":true,",
          "\"unk_token\":\"a\",",
          "\"add_prefix_space\"",
          "\"use_regex\":false,",
          "\"individual_digits\":true,",
          "\"Isolated\"",
          "\"\\u00e9\"",
          "\\ud800",
          "\\u0000",
          "\xC3\xA9",
          "\xC4\xA0",
          "\xFF",
          ",",
          ":",
          "[[[[",
          "]",
          "}",
          "{\"type\":\"NFC\"}",
          "{\"a\":"};
}

}  // namespace

const FuzzTarget& TheFuzzTarget() {
  static const FuzzTarget target{
      .seeds = Seeds(),
      .words = Words(),
      .outcomes = {"read as tokenizers", "of which give back every text"},
      .read = Read};
  return target;
}

}  // namespace r1zero
