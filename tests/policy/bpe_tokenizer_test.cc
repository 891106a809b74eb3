#include "policy/bpe_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <thread>

#include "common/error.h"
#include "common/file.h"
#include "policy/json.h"
#include "tests/policy/bpe_vectors.h"
#include "tests/policy/streamed.h"

namespace r1zero {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::ThrowsMessage;
using Ids = std::vector<int32_t>;

// The answers of Hugging Face's tokenizers (tests/python/tokenizer_cases.py).
TEST(BpeTokenizer, GivesTheGoldenIdsForEachPreTokenizer) {
  const json& vectors = BpeVectors();
  ASSERT_GE(vectors["cases"].size(), 7);
  for (const json& golden : vectors["cases"]) {
    const auto tokenizer = TestBpe(golden["name"]);
    for (size_t i = 0; i < vectors["texts"].size(); ++i) {
      const std::string text = vectors["texts"][i];
      const Ids ids = tokenizer->Encode(text);
      EXPECT_EQ(ids, golden["ids"][i].get<Ids>()) << golden["name"] << ": " << text;
      const bool begins_special = !ids.empty() && tokenizer->is_special(ids[0]);
      EXPECT_EQ(tokenizer->EncodePrompt(text),
                begins_special ? ids : golden["prompt_ids"][i].get<Ids>())
          << golden["name"] << ": " << text;
      const Ids half(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(ids.size() / 2));
      EXPECT_EQ(tokenizer->Decode(half), golden["half_decoded"][i].get<std::string>());
      EXPECT_EQ(Streamed(*tokenizer, half), golden["half_decoded"][i].get<std::string>());
    }
  }
}

TEST(BpeTokenizer, PutsTheBosInFrontOfAPromptUnlessItIsSpelledThere) {
  const auto llama = TestBpe("llama3");
  const int32_t bos = llama->Encode("<s>").at(0);
  EXPECT_EQ(llama->TokenText(bos), "<s>");
  EXPECT_EQ(llama->EncodePrompt("").size(), 1);
  EXPECT_EQ(llama->EncodePrompt("2+2").front(), bos);
  EXPECT_EQ(llama->Encode("2+2").front(), llama->EncodePrompt("2+2").at(1));
  EXPECT_EQ(llama->EncodePrompt("<s>2+2"), llama->Encode("<s>2+2"));
  EXPECT_EQ(llama->EncodePrompt("<|im_start|>user"), llama->Encode("<|im_start|>user"));
  EXPECT_EQ(llama->EncodePrompt("<think>").front(), bos);  // an added token that is not special
  const auto gpt2 = TestBpe("gpt2");
  EXPECT_EQ(gpt2->EncodePrompt("2+2"), gpt2->Encode("2+2"));
}

TEST(BpeTokenizer, DecodesSpecialTokensAndIdsBeyondTheVocabularyToNothing) {
  const auto tokenizer = TestBpe("qwen");
  Ids ids = tokenizer->Encode("<|im_start|>ab<think>\n");
  ids.insert(ids.begin() + 2, {tokenizer->vocab_size(), INT32_MAX, -1});
  EXPECT_EQ(tokenizer->Decode(ids), "ab<think>\n");
  EXPECT_EQ(tokenizer->TokenBytes(tokenizer->vocab_size()), "");
  EXPECT_EQ(tokenizer->TokenText(-1), "");
  EXPECT_FALSE(tokenizer->is_special(tokenizer->vocab_size()));
}

TEST(BpeTokenizer, KeepsItsFileByteForByte) {
  const std::string file = TestBpeJson("qwen").dump(1) + "\n\n";
  EXPECT_EQ(MakeTokenizer(file, "tokenizer.json")->ToJson(), file);
}

TEST(BpeTokenizer, RefusesTextThatIsNotUtf8) {
  const auto tokenizer = TestBpe("gpt2");
  for (const char* text :
       {"abc\xff", "abc\xc3", "abc\xed\xa0\x80", "abc\xc0\x80", "abc\xf4\x90\x80\x80"})
    EXPECT_THAT([&] { tokenizer->Encode(text); }, ThrowsMessage<Error>(HasSubstr("byte 3")));
}

// Every byte is a token of its own somewhere, so any UTF-8 survives, NFC or not.
TEST(BpeTokenizer, BringsTextBackWhereThereIsNoNormalizer) {
  for (const char* name : {"gpt2", "llama3", "smollm2"})
    for (const json& text : BpeVectors()["texts"]) {
      const auto tokenizer = TestBpe(name);
      std::string joined;
      for (const int32_t id : tokenizer->Encode(text.get<std::string>()))
        joined += tokenizer->is_special(id) ? tokenizer->TokenText(id) : tokenizer->TokenBytes(id);
      std::string expected = text;
      if (expected.find("<mask>") != expected.npos) continue;  // it takes space along
      EXPECT_EQ(joined, expected) << name;
    }
}

TEST(BpeTokenizer, GivesTheSameIdsInManyThreadsAndForManyTokenizers) {
  const auto qwen = TestBpe("qwen"), llama = TestBpe("llama3");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int round = 0; round < 20; ++round)
        for (const json& text : BpeVectors()["texts"]) {
          const std::string words = text;
          qwen->Encode(words);
          llama->Encode(words);
        }
    });
  for (std::thread& thread : threads) thread.join();
  const json& golden = BpeVectors()["cases"];
  const auto of_qwen = std::ranges::find(golden, "qwen", [](const json& c) { return c["name"]; });
  EXPECT_EQ(qwen->Encode(BpeVectors()["texts"][3].get<std::string>()),
            (*of_qwen)["ids"][3].get<Ids>());
}

// The definition: of all neighbours that may be merged, the lowest rank, the leftmost of equal ones.
TEST(BpeTokenizer, MergesLongWordsAsTheDefinitionSays) {
  const json root = TestBpeJson("gpt2");
  std::map<std::string, int> ids = root["model"]["vocab"];
  std::map<std::pair<std::string, std::string>, size_t> ranks;
  for (const json& merge : root["model"]["merges"]) ranks[{merge[0], merge[1]}] = ranks.size();
  const auto tokenizer = TestBpe("gpt2");
  for (const int length : {1, 2, 47, 48, 49, 50, 200, 601}) {
    std::string word;
    for (int i = 0; i < length; ++i) word += "theriondao"[(i * i + i / 7) % 10];
    std::vector<std::string> parts;
    for (const char c : word) parts.emplace_back(1, c);
    for (;;) {
      size_t best = SIZE_MAX, at = 0;
      for (size_t i = 0; i + 1 < parts.size(); ++i)
        if (const auto found = ranks.find({parts[i], parts[i + 1]});
            found != ranks.end() && found->second < best)
          best = found->second, at = i;
      if (best == SIZE_MAX) break;
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(at) + 1);
    }
    Ids expected;
    for (const std::string& part : parts) expected.push_back(ids.at(part));
    EXPECT_EQ(tokenizer->Encode(word), expected) << word;
  }
}

// Quadratic work would take hours for these.
TEST(BpeTokenizer, TakesAWordOfAMegabyteAndLongRunsOfAnything) {
  const size_t n = size_t{1} << 17;
  std::string marks, mixed;
  while (marks.size() < n) marks += "\xCC\x81\xCC\x96";  // two classes of marks, in the wrong order
  while (mixed.size() < n) mixed += " \n\t";
  for (const char* name : {"gpt2", "qwen", "llama3", "smollm2"}) {
    const auto tokenizer = TestBpe(name);
    for (const std::string& text :
         {std::string(8 * n, 'a'), std::string(n, ' ') + "a", std::string(n, '\n') + "a",
          std::string(n, '<'), std::string(n, '\''), std::string(n, '7'), marks, mixed + "x"})
      EXPECT_GT(tokenizer->Encode(text).size(), 1) << name;
  }
}

// The strings and ids of llama.cpp for three tokenizers.
struct Golden {
  const char* tokenizer;
  const char* vectors;
};

TEST(BpeTokenizer, GivesTheIdsOfTheSharedVectors) {
  const std::filesystem::path shared = std::filesystem::path(R1ZERO_SHARED_DATA) / "tokenizers";
  if (!std::filesystem::exists(shared)) GTEST_SKIP() << "no shared data at " << shared;
  int compared = 0;
  for (const Golden& golden :
       {Golden{"qwen3", "qwen2"}, {"qwen3", "deepseek-r1-qwen"}, {"gpt2", "gpt-2"}}) {
    const std::string path = shared / golden.tokenizer / "tokenizer.json";
    const auto tokenizer = MakeTokenizer(ReadFile(path), path);
    const std::string texts = ReadFile(shared / "vectors" / (std::string(golden.vectors) + ".inp"));
    std::ifstream answers(shared / "vectors" / (std::string(golden.vectors) + ".out"));
    const std::string separator = "\n__ggml_vocab_test__\n";
    for (size_t begin = 0; begin <= texts.size(); ++compared) {
      const size_t end = std::min(texts.find(separator, begin), texts.size());
      std::string line;  // none for the last text, which is empty
      std::getline(answers, line);
      std::istringstream numbers(line);
      const Ids expected{std::istream_iterator<int32_t>(numbers), {}};
      const std::string text = texts.substr(begin, end - begin);
      EXPECT_EQ(tokenizer->Encode(text), expected) << text;
      begin = end + separator.size();
    }
  }
  EXPECT_EQ(compared, 141);
}

}  // namespace
}  // namespace r1zero
