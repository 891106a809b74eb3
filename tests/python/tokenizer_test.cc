// Byte-level BPE against Hugging Face's tokenizers. Runs where R1ZERO_PYTHON names a Python that has
// it.
#include "policy/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "common/file.h"
#include "tests/policy/streamed.h"
#include "tests/policy/test_folder.h"
#include "tests/python/python.h"

namespace r1zero {
namespace {

using nlohmann::json;
using Ids = std::vector<int32_t>;

// Theirs has a second BOS where a text begins with a special token; ours has none, by intent.
Ids PromptIds(const Tokenizer& tokenizer, const Ids& ids, const json& theirs) {
  const bool begins_special = !ids.empty() && tokenizer.is_special(ids.front());
  return begins_special ? ids : theirs.get<Ids>();
}

// How many of the texts differ; shows the first few.
int Differences(const Tokenizer& tokenizer, const json& texts, const json& expected) {
  int different = 0;
  for (size_t i = 0; i < texts.size(); ++i) {
    const std::string text = texts[i];
    const Ids ids = tokenizer.Encode(text);
    const Ids half(ids.begin(), ids.begin() + static_cast<ptrdiff_t>(ids.size() / 2));
    const bool agrees =
        ids == expected["ids"][i].get<Ids>() &&
        tokenizer.EncodePrompt(text) == PromptIds(tokenizer, ids, expected["prompt_ids"][i]) &&
        tokenizer.Decode(ids) == expected["decoded"][i] &&
        tokenizer.Decode(half) == expected["half_decoded"][i] &&
        Streamed(tokenizer, half) == expected["half_decoded"][i];
    if (agrees || ++different > 3) continue;
    ADD_FAILURE() << texts[i] << "\nours   " << json(ids) << "\ntheirs " << expected["ids"][i]
                  << "\nas a prompt\nours   " << json(tokenizer.EncodePrompt(text)) << "\ntheirs "
                  << expected["prompt_ids"][i] << "\ndecoded\nours   "
                  << json(tokenizer.Decode(ids)) << "\ntheirs " << expected["decoded"][i];
  }
  return different;
}

TEST(BpeTokenizer, AgreesWithHuggingFaceOnTenThousandTexts) {
  if (TestPython().empty())
    GTEST_SKIP() << "R1ZERO_PYTHON is not set: it must name a Python with tokenizers";
  const TestFolder folder;
  const std::string command = TestPython() +
                              " -B " R1ZERO_TEST_PYTHON "/tokenizer_cases.py cases " +
                              folder.path().string() + " " R1ZERO_SHARED_DATA;
  ASSERT_EQ(std::system(command.c_str()), 0) << command;
  const json texts = json::parse(ReadFile(folder.path() / "texts.json"));
  ASSERT_EQ(texts.size(), 10'000);
  int compared = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    if (!file.path().string().ends_with(".cases.json")) continue;
    const json expected = json::parse(ReadFile(file.path()));
    const std::string path = expected["tokenizer"];
    EXPECT_EQ(Differences(*MakeTokenizer(ReadFile(path), path), texts, expected), 0) << path;
    ++compared;
  }
  EXPECT_GE(compared, 7);
}

}  // namespace
}  // namespace r1zero
