#include "policy/model_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/error.h"

namespace r1zero {
namespace {

using nlohmann::json;

ModelConfig Small() {
  return {.vocab_size = 11,
          .hidden_size = 8,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_width = 6,
          .intermediate_size = 10,
          .max_positions = 64,
          .rope_theta = 12345.5,
          .rms_eps = 3e-7,
          .tie_embeddings = false,
          .eos_tokens = {3},
          .pad_token = 2};
}

// The message of the Error that reading `config` throws; "" if it throws none.
std::string Refusal(const json& config) {
  try {
    FromConfigJson(config.dump(), "dir/config.json");
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

json With(const char* key, const json& value) {
  json config = json::parse(ToConfigJson(Small()));
  config[key] = value;
  return config;
}

TEST(ModelConfig, SurvivesTheWayThroughConfigJson) {
  const ModelConfig config = Small();
  EXPECT_EQ(FromConfigJson(ToConfigJson(config), "config.json"), config);
}

TEST(ModelConfig, CountsTheParametersOfTheDemoPolicy) {
  const ModelConfig demo{.vocab_size = 121,
                         .hidden_size = 96,
                         .num_layers = 3,
                         .num_heads = 4,
                         .num_kv_heads = 4,
                         .head_width = 24,
                         .intermediate_size = 256,
                         .max_positions = 256};
  CheckModelConfig(demo);
  EXPECT_EQ(NumParameters(demo), 344064);  // 121*96 + 3*(4*96*96 + 3*96*256 + 2*96) + 96
}

TEST(ModelConfig, FillsInWhatTransformersLeavesOut) {
  const ModelConfig config = FromConfigJson(R"({"model_type": "llama", "vocab_size": 16,
      "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 8,
      "eos_token_id": [5], "pad_token_id": null})",
                                            "config.json");
  EXPECT_EQ(config.num_kv_heads, 4);
  EXPECT_EQ(config.head_width, 8);
  EXPECT_EQ(config.max_positions, 2048);
  EXPECT_EQ(config.rope_theta, 10000);
  EXPECT_EQ(config.rms_eps, 1e-6);
  EXPECT_FALSE(config.tie_embeddings);
  EXPECT_EQ(config.eos_tokens, std::vector<int32_t>{5});
  EXPECT_EQ(config.pad_token, 5);
}

TEST(ModelConfig, ReadsTheRopeBaseWhereEitherVersionOfTransformersPutsIt) {
  json config = json::parse(ToConfigJson(Small()));
  config.erase("rope_theta");
  EXPECT_EQ(FromConfigJson(config.dump(), "config.json"), Small());
  config = json::parse(ToConfigJson(Small()));
  config.erase("rope_parameters");
  EXPECT_EQ(FromConfigJson(config.dump(), "config.json"), Small());
  EXPECT_THAT(Refusal(With("rope_theta", 500.0)), testing::HasSubstr("rope_theta"));
}

TEST(ModelConfig, RefusesByNameWhatIsNotSupported) {
  const std::pair<const char*, json> cases[] = {
      {"model_type", "qwen2_moe"},
      {"model_type", "gemma2"},
      {"model_type", nullptr},
      {"architectures", {"LlamaForSequenceClassification"}},
      {"architectures", {"LlamaForCausalLM", "Other"}},
      {"hidden_act", "gelu"},
      {"attention_bias", true},
      {"mlp_bias", true},
      {"quantization_config", {{"bits", 4}}},
      {"eos_token_id", json::array({3, 11})},
      {"eos_token_id", "</s>"},
      {"layer_types", {"full_attention", "sliding_attention"}},
      {"eos_token_id", 11},
      {"pad_token_id", -2},
      {"vocab_size", nullptr},
      {"vocab_size", "many"},
      {"hidden_size", 8.5},
      {"hidden_size", -8},
      {"hidden_size", 18446744073709551615ull},
      {"num_key_value_heads", 3},
      {"head_dim", 5},
      {"rms_norm_eps", 0},
      {"tie_word_embeddings", 1},
  };
  // The reader's own field name, or the shape's where the file's value makes no sense as a shape.
  const std::map<std::string, std::string> shape_names = {{"num_key_value_heads", "num_kv_heads"},
                                                          {"head_dim", "head_width"},
                                                          {"rms_norm_eps", "rms_eps"}};
  for (const auto& [key, value] : cases) {
    const auto named = shape_names.find(key);
    EXPECT_THAT(
        Refusal(With(key, value)),
        testing::AllOf(testing::HasSubstr("dir/config.json"),
                       testing::HasSubstr(named == shape_names.end() ? key : named->second)))
        << key << " = " << value;
  }
  for (const char* type : {"linear", "dynamic", "yarn", "longrope", "su"})
    for (const char* name : {"type", "rope_type"})
      EXPECT_THAT(Refusal(With("rope_scaling", {{name, type}, {"factor", 8.0}})),
                  testing::HasSubstr(std::string("rope_scaling: ") + name + " is \"" + type +
                                     "\", which is not supported; expected \"default\" or"));
  EXPECT_THAT(Refusal(With("model_type", "mixtral")),
              testing::HasSubstr("expected one of \"llama\", \"mistral\", \"qwen2\", \"qwen3\""));
}

ModelConfig Llama3() {
  ModelConfig config = Small();
  config.rope_scaling = {8, 1, 4, 20};
  return config;
}

TEST(ModelConfig, SurvivesTheWayThroughConfigJsonInEveryFamily) {
  ModelConfig config = Llama3();
  config.eos_tokens = {3, 7, 1};
  config.bos_token = 5;
  EXPECT_EQ(FromConfigJson(ToConfigJson(config), "config.json"), config);
  for (const ModelFamily family :
       {ModelFamily::kMistral, ModelFamily::kQwen2, ModelFamily::kQwen3}) {
    config.family = family;
    EXPECT_EQ(FromConfigJson(ToConfigJson(config), "config.json"), config);
  }
}

TEST(ModelConfig, ReadsTheLlama3ScalingWhereEitherVersionOfTransformersPutsIt) {
  for (const char* name : {"rope_scaling", "rope_parameters"}) {
    json config = json::parse(ToConfigJson(Llama3()));
    config.erase(name);
    EXPECT_EQ(FromConfigJson(config.dump(), "config.json"), Llama3()) << "without " << name;
    config = json::parse(ToConfigJson(Llama3()));
    config[name]["factor"] = 4.0;
    EXPECT_THAT(Refusal(config), testing::HasSubstr("rope_parameters: says something else"));
  }
  for (const char* field :
       {"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}) {
    json config = json::parse(ToConfigJson(Llama3()));
    config["rope_scaling"].erase(field);
    EXPECT_THAT(Refusal(config), testing::HasSubstr(field));
  }
}

json Of(const char* model_type) {
  ModelConfig config = Small();
  config.family =
      model_type == std::string("mistral") ? ModelFamily::kMistral : ModelFamily::kQwen2;
  return json::parse(ToConfigJson(config));
}

TEST(ModelConfig, RefusesASlidingWindowThatHidesAPosition) {
  json mistral = Of("mistral");
  mistral["sliding_window"] = 64;  // max_position_embeddings
  EXPECT_EQ(Refusal(mistral), "");
  mistral["sliding_window"] = 63;
  EXPECT_THAT(Refusal(mistral), testing::HasSubstr("sliding_window is 63"));
  mistral.erase("sliding_window");
  EXPECT_EQ(Refusal(mistral), "");  // transformers takes 4096, and there are 64 positions
  mistral["max_position_embeddings"] = 8192;
  EXPECT_THAT(Refusal(mistral), testing::HasSubstr("sliding_window is 4096"));
  json qwen = Of("qwen2");
  qwen["sliding_window"] = 32;
  EXPECT_EQ(Refusal(qwen), "");  // use_sliding_window is false
  qwen["use_sliding_window"] = true;
  EXPECT_THAT(Refusal(qwen), testing::HasSubstr("sliding_window is 32"));
}

TEST(ModelConfig, JoinsTheEndTokensOfBothFiles) {
  const std::string config = With("eos_token_id", 3).dump();
  EXPECT_EQ(FromConfigJson(config, "f", R"({"eos_token_id": [4, 3, 0]})").eos_tokens,
            (std::vector<int32_t>{3, 4, 0}));
  EXPECT_EQ(FromConfigJson(With("eos_token_id", nullptr).dump(), "f", R"({"eos_token_id": 4})")
                .eos_tokens,
            (std::vector<int32_t>{4}));
  EXPECT_THROW(FromConfigJson(config, "f", R"({"eos_token_id": 11})"), Error);
}

TEST(ModelConfig, TakesAPaddingTokenOfMinusOneForNone) {
  EXPECT_EQ(FromConfigJson(With("pad_token_id", -1).dump(), "f").pad_token, 3);
}

TEST(ModelConfig, RefusesWhatIsNotAnObjectOrNotJson) {
  for (const char* text : {"", "[]", "{", "{\"a\":1,\"a\":2}", "\xff", "1e999", "null"})
    EXPECT_THROW(FromConfigJson(text, "config.json"), Error) << text;
  EXPECT_THROW(FromConfigJson(std::string(1 << 20, '['), "config.json"), Error);
}

TEST(ModelConfig, NamesTheFieldThatMakesNoSense) {
  ModelConfig config = Small();
  config.head_width = 7;
  EXPECT_THAT([&] { CheckModelConfig(config); },
              testing::ThrowsMessage<Error>(testing::HasSubstr("head_width (head_dim) is 7")));
}

TEST(ModelConfig, RefusesMoreParametersThanAnyMachineHolds) {
  ModelConfig config = Small();
  config.hidden_size = config.vocab_size = config.intermediate_size = config.num_layers = 1 << 24;
  EXPECT_THROW(CheckModelConfig(config), Error);
}

}  // namespace
}  // namespace r1zero
