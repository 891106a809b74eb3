// Our folders in Hugging Face transformers. Runs where R1ZERO_PYTHON names a Python that has torch
// and transformers.
#include "policy/hf_folder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/file.h"
#include "common/philox.h"
#include "policy/decoder.h"
#include "policy/word_tokenizer.h"
#include "tests/policy/test_folder.h"
#include "tests/policy/test_words.h"
#include "tests/python/python.h"

namespace r1zero {
namespace {

using nlohmann::json;

struct Case {
  const char* name;
  std::vector<std::string> words;
  ModelConfig config;
};

void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }

const Case kCases[] = {
    {"SignsTied",
     SignsWords(),
     {.vocab_size = 121,
      .hidden_size = 96,
      .num_layers = 3,
      .num_heads = 4,
      .num_kv_heads = 4,
      .head_width = 24,
      .intermediate_size = 256,
      .max_positions = 128}},
    {"CharactersUntiedGroupedQueries",
     CharacterWords(),
     {.vocab_size = 101,
      .hidden_size = 48,
      .num_layers = 2,
      .num_heads = 6,
      .num_kv_heads = 2,
      .head_width = 20,
      .intermediate_size = 70,
      .max_positions = 100,
      .rope_theta = 500,
      .rms_eps = 1e-5,
      .tie_embeddings = false}},
};

class HfAgreement : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (TestPython().empty())
      GTEST_SKIP() << "R1ZERO_PYTHON is not set: it must name a Python with torch and transformers";
    weights_ = std::make_shared<Weights>(InitWeights(config(), 3));
    RandomStream random(4, RandomPurpose::kInit);
    for (float& w : weights_->flat) w += static_cast<float>(0.1 * random.Normal());
    decoder_->SetWeights(weights_);
  }

  const ModelConfig& config() const { return GetParam().config; }

  std::vector<float> Logits(const std::vector<int32_t>& tokens) {
    const std::vector<int32_t> table = {0, 1, 2, 3, 4, 5, 6, 7};
    std::vector<float> logits(config().vocab_size);
    const DecoderInput input{.tokens = tokens, .block_table = table};
    decoder_->Forward({&input, 1}, logits.data());
    return logits;
  }

  json LogitCases(RandomStream& random) {
    json cases = json::array();
    for (const int length : {1, 2, 16, 17, 50, 90}) {
      std::vector<int32_t> tokens(length);
      for (int32_t& token : tokens) token = static_cast<int32_t>(random.Below(config().vocab_size));
      cases.push_back({{"tokens", tokens}, {"logits", Logits(tokens)}});
    }
    return cases;
  }

  json GreedyCases(RandomStream& random) {
    json cases = json::array();
    for (int i = 0; i < 5; ++i) {
      std::vector<int32_t> tokens(3 + 4 * i), continuation;
      for (int32_t& token : tokens)
        token = static_cast<int32_t>(2 + random.Below(config().vocab_size - 2));
      std::vector<int32_t> all = tokens;
      while (continuation.size() < 30) {
        const std::vector<float> logits = Logits(all);
        continuation.push_back(
            static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin()));
        all.push_back(continuation.back());
        if (config().IsEos(continuation.back())) break;
      }
      cases.push_back({{"tokens", tokens}, {"continuation", continuation}});
    }
    return cases;
  }

  json TextCases(RandomStream& random, const Tokenizer& tokenizer) {
    json cases = json::array();
    while (cases.size() < 1000) {
      std::string text;
      for (int64_t n = random.Below(40); n > 0; --n)
        text += GetParam().words[2 + random.Below(GetParam().words.size() - 2)];
      // There the text of a special token is that token.
      if (text.find("<pad>") != text.npos || text.find("<eos>") != text.npos) continue;
      cases.push_back({{"text", text}, {"ids", tokenizer.Encode(text)}});
    }
    return cases;
  }

  TestFolder folder_;
  std::shared_ptr<Weights> weights_;
  std::unique_ptr<Decoder> decoder_ = MakeCpuDecoder(config(), 8, 128);
};

TEST_P(HfAgreement, OnLogitsGreedyTokensAndIdsThereAndBack) {
  RandomStream random(9, RandomPurpose::kPrompt);
  const WordTokenizer tokenizer(GetParam().words, config().pad_token, config().eos_tokens.front());
  SaveHfFolder(folder_ / "ours", *weights_, tokenizer);
  const json cases = {{"logits", LogitCases(random)},
                      {"greedy", GreedyCases(random)},
                      {"texts", TextCases(random, tokenizer)},
                      {"pad", config().pad_token},
                      {"eos", config().eos_tokens.front()}};
  WriteFileDurably(folder_ / "cases.json", cases.dump());
  std::string command = TestPython();
  command += " " R1ZERO_TEST_PYTHON "/hf_folder_check.py";
  for (const char* name : {"ours", "cases.json", "theirs"})
    command += " " + (folder_ / name).string();
  ASSERT_EQ(std::system(command.c_str()), 0) << command;

  const HfFolder loaded = LoadHfFolder(folder_ / "theirs");
  EXPECT_EQ(loaded.weights->config, config());
  EXPECT_EQ(WeightSha256(*loaded.weights), WeightSha256(*weights_));
  EXPECT_EQ(loaded.tokenizer->ToJson(), tokenizer.ToJson());
}

INSTANTIATE_TEST_SUITE_P(Folders, HfAgreement, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace r1zero
