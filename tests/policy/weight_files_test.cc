#include "policy/weight_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/error.h"
#include "tests/policy/test_folder.h"

namespace r1zero {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr const char* kFirst = "model-00001-of-00002.safetensors";
constexpr const char* kSecond = "model-00002-of-00002.safetensors";

class WeightFilesTest : public testing::Test {
 protected:
  WeightFilesTest() {
    Write(kFirst, {"a", "b"});
    Write(kSecond, {"c"});
    WriteIndex({{"a", kFirst}, {"b", kFirst}, {"c", kSecond}});
  }

  void Write(const std::string& file, const std::vector<std::string>& names) {
    std::vector<Float32Tensor> tensors;
    for (const std::string& name : names) tensors.push_back({name, {2}, values_});
    WriteSafetensors(folder_.path() / file, tensors, {});
  }
  void WriteIndex(const json& weight_map) {
    WriteFileDurably(folder_ / kWeightIndex, json{{"weight_map", weight_map}}.dump());
  }
  std::string Refusal() {
    try {
      WeightFiles files(folder_.path());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TestFolder folder_;
  std::vector<float> values_ = {1, 2};
};

TEST_F(WeightFilesTest, FindsEachTensorInItsShard) {
  const WeightFiles files(folder_.path());
  EXPECT_EQ(files.Find("b")->path().filename(), kFirst);
  EXPECT_EQ(files.Find("c")->path().filename(), kSecond);
  EXPECT_EQ(files.Find("d"), nullptr);
}

TEST_F(WeightFilesTest, TakesTheSingleFileIfBothAreThere) {
  Write(kWeightFile, {"d"});
  const WeightFiles files(folder_.path());
  EXPECT_EQ(files.Find("a"), nullptr);
  EXPECT_NE(files.Find("d"), nullptr);
}

TEST_F(WeightFilesTest, NamesTheFileThatIsMissing) {
  std::filesystem::remove(folder_ / kSecond);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr(kSecond), HasSubstr("missing"), HasSubstr(kWeightIndex)));
  std::filesystem::remove(folder_ / kWeightIndex);
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("model.safetensors is missing")));
}

TEST_F(WeightFilesTest, LooksAtNoFileOutsideTheFolder) {
  for (const char* name : {"../x.safetensors", "/etc/x.safetensors", "sub/x.safetensors", "", "..",
                           ".hidden.safetensors", "pytorch_model.bin"}) {
    WriteIndex({{"a", name}});
    EXPECT_THAT(Refusal(), AllOf(HasSubstr("tensor a is in the file"), HasSubstr("same folder")))
        << name;
  }
  WriteIndex({{"a", 5}});
  EXPECT_THAT(Refusal(), HasSubstr("tensor a is in the file 5"));
}

TEST_F(WeightFilesTest, RefusesAnIndexThatDisagreesWithTheShards) {
  Write(kSecond, {"c", "a"});
  EXPECT_THAT(Refusal(), HasSubstr("tensor a is in two files"));
  Write(kSecond, {"c", "d"});
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("tensor d"), HasSubstr("not in weight_map")));
  Write(kSecond, {"c"});
  WriteIndex({{"a", kFirst}, {"b", kSecond}, {"c", kSecond}});
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("tensor b is said to be in"), HasSubstr(kFirst)));
  WriteIndex({{"a", kFirst}, {"b", kFirst}, {"c", kSecond}, {"d", kSecond}});
  EXPECT_THAT(Refusal(), AllOf(HasSubstr("tensor d"), HasSubstr("in none of the files")));
}

TEST_F(WeightFilesTest, RefusesAnIndexThatIsNone) {
  for (const char* text : {"", "[]", "{}", R"({"weight_map": []})", R"({"weight_map": {}})",
                           R"({"weight_map": {"a": "x", "a": "y"}})"}) {
    WriteFileDurably(folder_ / kWeightIndex, text);
    EXPECT_THAT(Refusal(), HasSubstr(kWeightIndex)) << text;
  }
}

}  // namespace
}  // namespace r1zero
