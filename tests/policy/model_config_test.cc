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
          .eos_token = 3,
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
  EXPECT_EQ(config.eos_token, 5);
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
      {"model_type", "qwen2"},
      {"architectures", {"LlamaForCausalLM", "Other"}},
      {"hidden_act", "gelu"},
      {"attention_bias", true},
      {"mlp_bias", true},
      {"quantization_config", {{"bits", 4}}},
      {"eos_token_id", json::array({3, 4})},
      {"eos_token_id", nullptr},
      {"eos_token_id", 11},
      {"pad_token_id", -1},
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
  json scaled = With("rope_scaling", {{"rope_type", "llama3"}, {"factor", 8.0}});
  EXPECT_THAT(Refusal(scaled), testing::HasSubstr("rope_scaling: rope_type is \"llama3\""));
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
              testing::ThrowsMessage<Error>(testing::HasSubstr("head_width is 7")));
}

TEST(ModelConfig, RefusesMoreParametersThanAnyMachineHolds) {
  ModelConfig config = Small();
  config.hidden_size = config.vocab_size = config.intermediate_size = config.num_layers = 1 << 24;
  EXPECT_THROW(CheckModelConfig(config), Error);
}

}  // namespace
}  // namespace r1zero
