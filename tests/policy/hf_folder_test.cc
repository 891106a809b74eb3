#include "policy/hf_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "common/file.h"
#include "common/sha256.h"
#include "policy/safetensors.h"
#include "policy/word_tokenizer.h"
#include "tests/policy/test_folder.h"
#include "tests/policy/test_words.h"

namespace r1zero {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

ModelConfig Config(bool tied) {
  return {.vocab_size = 121,
          .hidden_size = 16,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 4,
          .intermediate_size = 24,
          .max_positions = 64,
          .tie_embeddings = tied};
}

class HfFolderTest : public testing::Test {
 protected:
  void Save(bool tied = true) {
    weights_ = InitWeights(Config(tied), 5);
    SaveHfFolder(folder_.path(), weights_, tokenizer_);
  }

  std::string Refusal() {
    try {
      LoadHfFolder(folder_.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  // Writes the weights file anew after a change to the list of its tensors.
  void Rewrite(const std::function<void(std::vector<Float32Tensor>&)>& change) {
    std::vector<Float32Tensor> tensors;
    for (const TensorSpec& spec : WeightManifest(weights_.config))
      tensors.push_back({spec.name, spec.shape, WeightTensor(weights_, spec.name)});
    change(tensors);
    WriteSafetensors(folder_ / "model.safetensors", tensors, {{"format", "pt"}});
  }

  void ChangeJson(const char* file, const char* where, const json& value) {
    json root = json::parse(ReadFile(folder_ / file));
    root[json::json_pointer(where)] = value;
    WriteFileDurably(folder_ / file, root.dump());
  }

  TestFolder folder_;
  WordTokenizer tokenizer_{SignsWords(), 0, 1};
  Weights weights_;
};

TEST_F(HfFolderTest, LoadsTheSameBitsThatWereSaved) {
  for (const bool tied : {true, false}) {
    Save(tied);
    const HfFolder loaded = LoadHfFolder(folder_.path());
    EXPECT_EQ(loaded.weights->config, weights_.config);
    EXPECT_EQ(WeightSha256(*loaded.weights), WeightSha256(weights_));
    EXPECT_EQ(loaded.tokenizer->ToJson(), tokenizer_.ToJson());
  }
}

TEST_F(HfFolderTest, WritesTheFilesThatTransformersLooksFor) {
  Save();
  const json tokenizer_config = json::parse(ReadFile(folder_ / "tokenizer_config.json"));
  EXPECT_EQ(tokenizer_config["tokenizer_class"], "PreTrainedTokenizerFast");
  EXPECT_EQ(tokenizer_config["pad_token"], "<pad>");
  EXPECT_EQ(tokenizer_config["eos_token"], "<eos>");
  const json generation_config = json::parse(ReadFile(folder_ / "generation_config.json"));
  EXPECT_EQ(generation_config["eos_token_id"], 1);
  EXPECT_EQ(generation_config["pad_token_id"], 0);
}

TEST_F(HfFolderTest, NamesTheFileThatIsMissing) {
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"}) {
    Save();
    std::filesystem::remove(folder_ / name);
    EXPECT_THAT(Refusal(), AllOf(HasSubstr(name), HasSubstr("missing")));
  }
}

TEST_F(HfFolderTest, NamesTheTensorThatIsNotFinite) {
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    Save();
    weights_.flat[WeightManifest(weights_.config)[5].offset + 3] = bad;
    Rewrite([](auto&) {});
    EXPECT_THAT(Refusal(), AllOf(HasSubstr("model.layers.0.self_attn.o_proj.weight"),
                                 HasSubstr("element 3"), HasSubstr("finite")));
  }
}

TEST_F(HfFolderTest, NamesTheTensorThatIsMissingOrTooMany) {
  Save();
  Rewrite([](auto& tensors) { tensors.erase(tensors.begin() + 2); });
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("q_proj.weight"), HasSubstr("missing")));
  const std::vector<float> bias(16);
  Rewrite([&](auto& tensors) {
    tensors.push_back({"model.layers.0.self_attn.q_proj.bias", {16}, bias});
  });
  EXPECT_THAT(Refusal(), HasSubstr("q_proj.bias"));
  Rewrite([&](auto& tensors) {
    tensors.push_back({"model.layers.0.self_attn.rotary_emb.inv_freq", {16}, bias});
  });
  EXPECT_EQ(Refusal(), "");
}

TEST_F(HfFolderTest, TakesATiedHeadOnlyIfItIsTheEmbedding) {
  Save();
  std::vector<float> head(weights_.flat.begin(), weights_.flat.begin() + 121 * 16);
  const auto add_head = [&](auto& tensors) {
    tensors.push_back({"lm_head.weight", {121, 16}, head});
  };
  Rewrite(add_head);
  EXPECT_EQ(Refusal(), "");
  head[7] += 1;
  Rewrite(add_head);
  EXPECT_THAT(Refusal(), HasSubstr("lm_head.weight"));
}

TEST_F(HfFolderTest, RefusesATokenizerOfAnotherPolicy) {
  Save();
  ChangeJson("config.json", "/eos_token_id", 2);
  EXPECT_EQ(Refusal(), "");  // generation_config.json adds the tokenizer's
  ChangeJson("generation_config.json", "/eos_token_id", 2);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("tokenizer.json"), HasSubstr("end token")));
  Save();
  ChangeJson("config.json", "/pad_token_id", 2);
  EXPECT_THAT(Refusal(), HasSubstr("padding token"));
  Save();
  std::vector<std::string> words = SignsWords();
  words.push_back("one more");
  WriteFileDurably(folder_ / "tokenizer.json", WordTokenizer(words, 0, 1).ToJson());
  EXPECT_THAT(Refusal(), HasSubstr("122 tokens"));
  EXPECT_THROW(SaveHfFolder(folder_.path(), weights_, WordTokenizer(words, 0, 1)), Error);
}

TEST_F(HfFolderTest, TakesATokenizerWithFewerWordsThanTheModelsPaddedVocabulary) {
  Save();
  std::vector<std::string> words = SignsWords();
  words.pop_back();
  WriteFileDurably(folder_ / "tokenizer.json", WordTokenizer(words, 0, 1).ToJson());
  EXPECT_EQ(Refusal(), "");
}

TEST_F(HfFolderTest, WritesBackWhatCameWithTheFolder) {
  Save();
  json config = json::parse(ReadFile(folder_ / "config.json"));
  config["torch_dtype"] = "bfloat16";
  config["of_a_kind"] = {{"unknown", 1}};
  config["eos_token_id"] = {1, 3};
  WriteFileDurably(folder_ / "config.json", config.dump());
  WriteFileDurably(folder_ / "generation_config.json", R"({"eos_token_id": [1, 5]})");
  WriteFileDurably(folder_ / "chat_template.jinja", "{{ messages }}");
  WriteFileDurably(folder_ / "special_tokens_map.json", R"({"eos_token": "<eos>"})");
  const HfFolder loaded = LoadHfFolder(folder_.path());
  EXPECT_EQ(loaded.weights->config.eos_tokens, (std::vector<int32_t>{1, 3, 5}));
  SaveHfFolder(folder_ / "out", *loaded.weights, *loaded.tokenizer);
  config["torch_dtype"] = "float32";
  EXPECT_EQ(json::parse(ReadFile(folder_ / "out" / "config.json")), config);
  for (const char* name : {"generation_config.json", "chat_template.jinja", "tokenizer.json",
                           "special_tokens_map.json", "tokenizer_config.json"})
    EXPECT_EQ(ReadFile(folder_ / "out" / name), ReadFile(folder_ / name)) << name;
  EXPECT_EQ(LoadHfFolder(folder_ / "out").weights->config, loaded.weights->config);
}

TEST_F(HfFolderTest, WritesAConfigThatHasChangedSinceItWasReadAnew) {
  Save();
  const HfFolder loaded = LoadHfFolder(folder_.path());
  loaded.weights->config.rope_theta = 777;
  SaveHfFolder(folder_ / "out", *loaded.weights, *loaded.tokenizer);
  EXPECT_EQ(LoadHfFolder(folder_ / "out").weights->config.rope_theta, 777);
}

TEST_F(HfFolderTest, NamesTheFileThatIsNotWhatTheManifestSays) {
  Save();
  json sha256 = json::object();
  for (const char* name : {"config.json", "model.safetensors", "tokenizer.json"})
    sha256[name] = Sha256HexOfFile(folder_ / name);
  sha256["state/trainer.json"] = "not looked at";
  WriteFileDurably(folder_ / "manifest.json", json{{"format", 1}, {"sha256", sha256}}.dump());
  EXPECT_EQ(Refusal(), "");
  weights_.flat[5] += 1;
  Rewrite([](auto&) {});
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("model.safetensors: SHA-256 is"), HasSubstr("manifest")));
}

TEST_F(HfFolderTest, LoadsWeightsWhoseTokenizerIsMissing) {
  Save();
  std::filesystem::remove(folder_ / "tokenizer.json");
  EXPECT_EQ(WeightSha256(*LoadHfWeights(folder_.path())), WeightSha256(weights_));
}

// The folder of verl's own end-to-end test: bfloat16, and a tokenizer of its own kind.
TEST_F(HfFolderTest, LoadsTheWeightsOfVerlsDigitsModel) {
  const std::filesystem::path folder = R1ZERO_SHARED_DATA "/models/verl-digits-random-llama";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  const auto weights = LoadHfWeights(folder);
  EXPECT_EQ(weights->config.vocab_size, 16);
  EXPECT_EQ(weights->config.eos_tokens, (std::vector<int32_t>{1}));
  EXPECT_THROW(LoadHfFolder(folder), Error);
}

TEST_F(HfFolderTest, AcceptsAddedTokensThatAnotherToolHasSorted) {
  weights_ = InitWeights(Config(true), 5);
  weights_.config.pad_token = 1;
  weights_.config.eos_tokens = {0};
  SaveHfFolder(folder_.path(), weights_, WordTokenizer(SignsWords(), 1, 0));
  json root = json::parse(ReadFile(folder_ / "tokenizer.json"));
  std::swap(root["added_tokens"][0], root["added_tokens"][1]);
  WriteFileDurably(folder_ / "tokenizer.json", root.dump());
  const HfFolder loaded = LoadHfFolder(folder_.path());
  EXPECT_EQ(dynamic_cast<const WordTokenizer&>(*loaded.tokenizer).pad_token(), 1);
  EXPECT_EQ(dynamic_cast<const WordTokenizer&>(*loaded.tokenizer).eos_token(), 0);
}

TEST_F(HfFolderTest, RefusesAConfigThatClaimsMoreThanTheFileHolds) {
  Save();
  ChangeJson("config.json", "/num_hidden_layers", 4000);
  EXPECT_THAT(Refusal(), HasSubstr("model.layers.2.input_layernorm.weight is missing"));
  ChangeJson("config.json", "/num_hidden_layers", 16000000);
  EXPECT_THAT(Refusal(), HasSubstr("num_layers (num_hidden_layers) is 16000000"));
}

}  // namespace
}  // namespace r1zero
