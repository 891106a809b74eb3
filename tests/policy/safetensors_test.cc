#include "policy/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error.h"
#include "tests/policy/test_folder.h"

namespace r1zero {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string FileOf(const std::string& header, size_t data_bytes, uint64_t length) {
  std::string file(reinterpret_cast<const char*>(&length), 8);
  return file + header + std::string(data_bytes, '\0');
}
std::string FileOf(const std::string& header, size_t data_bytes) {
  return FileOf(header, data_bytes, header.size());
}

class Safetensors : public testing::Test {
 protected:
  std::string Refusal(const std::string& content) {
    std::ofstream(path_, std::ios::binary) << content;
    try {
      SafetensorsFile file(path_);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  TestFolder folder_;
  std::filesystem::path path_ = folder_ / "model.safetensors";
};

TEST_F(Safetensors, ReadsBackWhatItWrote) {
  const std::vector<float> matrix = {1, -2.5f, 3e-20f, 4, 5, 6}, scalar = {7}, none;
  WriteSafetensors(
      path_,
      std::vector<Float32Tensor>{{"b", {2, 3}, matrix}, {"a", {}, scalar}, {"empty", {0, 5}, none}},
      {{"format", "pt"}});
  const SafetensorsFile file(path_);
  EXPECT_EQ(file.tensors().size(), 3);
  std::vector<float> read(6);
  file.ReadFloat32("b", std::vector<int64_t>{2, 3}, read);
  EXPECT_EQ(read, matrix);
  read.resize(1);
  file.ReadFloat32("a", {}, read);
  EXPECT_EQ(read, scalar);
  EXPECT_TRUE(file.tensors().at("empty").data.empty());
}

TEST_F(Safetensors, WritesTheBytesThatTheFormatAsksFor) {
  const std::vector<float> one = {1}, two = {2};
  WriteSafetensors(path_, std::vector<Float32Tensor>{{"z", {1}, one}, {"a", {1}, two}},
                   {{"format", "pt"}});
  const std::string content = ReadFile(path_);
  uint64_t length = 0;
  std::memcpy(&length, content.data(), 8);
  EXPECT_EQ(length % 8, 0);
  const auto header = nlohmann::json::parse(content.substr(8, length));
  EXPECT_EQ(header["__metadata__"]["format"], "pt");
  EXPECT_EQ(header["a"]["data_offsets"], nlohmann::json::array({0, 4}));  // sorted by name
  EXPECT_EQ(header["z"]["data_offsets"], nlohmann::json::array({4, 8}));
  EXPECT_EQ(content.size(), 8 + length + 8);
  EXPECT_THROW(
      WriteSafetensors(path_, std::vector<Float32Tensor>{{"a", {1}, one}, {"a", {1}, two}}, {}),
      Error);
}

TEST_F(Safetensors, WidensBfloat16AndHalf) {
  const uint16_t bits[] = {0x3f80, 0xc049, 0x0001, 0x7f80,   // bf16: 1, -3.140625, 2^-133, inf
                           0x3c00, 0xc248, 0x0001, 0x03ff,   // f16: 1, -3.140625, 2^-24, subnormal
                           0x7bff, 0xfc00, 0x8000, 0x7e00};  // 65504, -inf, -0, NaN
  std::string file = FileOf(R"({"b":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]},)"
                            R"("h":{"dtype":"F16","shape":[8],"data_offsets":[8,24]}})",
                            0);
  file.append(reinterpret_cast<const char*>(bits), sizeof(bits));
  WriteFileDurably(path_, file);
  const SafetensorsFile read(path_);
  std::vector<float> b(4), h(8);
  read.ReadFloat32("b", std::vector<int64_t>{4}, b);
  read.ReadFloat32("h", std::vector<int64_t>{8}, h);
  EXPECT_THAT(b, testing::ElementsAre(1, -3.140625f, 0x1p-133f, INFINITY));
  EXPECT_THAT(std::span(h).first(6),
              testing::ElementsAre(1, -3.140625f, 0x1p-24f, 1023 * 0x1p-24f, 65504, -INFINITY));
  EXPECT_TRUE(h[6] == 0 && std::signbit(h[6]));
  EXPECT_TRUE(std::isnan(h[7]));
}

TEST_F(Safetensors, NamesMissingTensorsAndWrongShapes) {
  const std::vector<float> six(6);
  WriteSafetensors(path_, std::vector<Float32Tensor>{{"w", {2, 3}, six}}, {});
  const SafetensorsFile file(path_);
  std::vector<float> out(6);
  EXPECT_THAT(
      [&] {
        file.ReadFloat32("w", std::vector<int64_t>{3, 2}, out);
      },
      testing::ThrowsMessage<Error>(AllOf(HasSubstr("model.safetensors: tensor w has shape [2, 3]"),
                                          HasSubstr("expected [3, 2]"))));
  EXPECT_THAT([&] { file.ReadFloat32("v", std::vector<int64_t>{6}, out); },
              testing::ThrowsMessage<Error>(HasSubstr("tensor v is missing")));
}

TEST_F(Safetensors, RefusesEveryBrokenRuleByName) {
  const std::string w = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_EQ(Refusal(FileOf("{" + w + "}", 8)), "");
  const std::tuple<std::string, const char*> cases[] = {
      {"", "too short"},
      {"1234567", "too short"},
      {FileOf("{}", 0, 3), "beyond the end"},
      {FileOf("{}", 0, UINT64_MAX), "limit"},
      {FileOf("{}", 0, uint64_t{1} << 40), "limit"},
      {FileOf(" {}", 0), "'{'"},
      {FileOf("", 0), "'{'"},
      {FileOf("{", 0), "JSON"},
      {FileOf("{" + w, 8), "JSON"},
      {FileOf("{\"\xff\":1}", 0), "JSON"},
      {FileOf("{" + w + "," + w + "}", 8), "twice"},
      {FileOf("{" + w + "}", 9), "9 follow"},
      {FileOf("{" + w + "}", 7), "cut off"},
      {FileOf("{}", 1), "1 follow"},
      {FileOf(R"({"__metadata__":{"a":1}})", 0), "__metadata__"},
      {FileOf(R"({"__metadata__":[]})", 0), "__metadata__"},
      {FileOf(R"({"w":[]})", 0), "tensor w"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2]}})", 8), "tensor w"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1}})", 8), "tensor w"},
      {FileOf(R"({"w":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}})", 8), "dtype \"I64\""},
      {FileOf(R"({"w":{"dtype":4,"shape":[2],"data_offsets":[0,8]}})", 8), "dtype 4"},
      {FileOf(R"({"w":{"dtype":"\u001b[31m","shape":[2],"data_offsets":[0,8]}})", 8),
       R"(dtype "\u001b[31m")"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8]}})", 8),
       "at most 8 numbers"},
      {FileOf(R"({"w":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", 8), "shape 2"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8), "-2"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", 8), "2.0"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", 8), "takes 12 bytes"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}})", 0),
       "overflows"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[18446744073709551615],"data_offsets":[0,8]}})", 8),
       "18446744073709551615"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8), "before the begin"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", 8), "[begin, end]"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", 8), "-8"},
      {FileOf(R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}})", 16), "hole"},
      {FileOf("{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}})", 20), "hole"},
      {FileOf("{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12),
       "overlaps"},
      {FileOf("{" + w + R"(,"v":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 8),
       "overlaps"},
  };
  for (const auto& [content, rule] : cases)
    EXPECT_THAT(Refusal(content), AllOf(HasSubstr("model.safetensors"), HasSubstr(rule)))
        << content.substr(std::min<size_t>(8, content.size()));
}

TEST_F(Safetensors, NeverCrashesOnAFileWithBytesChangedOrCutOff) {
  const std::vector<float> data(20, 1.5f);
  WriteSafetensors(path_, std::vector<Float32Tensor>{{"w", {4, 5}, data}}, {{"format", "pt"}});
  const std::string good = ReadFile(path_);
  int refused = 0;
  for (size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    refused += !Refusal(bad).empty();
    EXPECT_NE(Refusal(good.substr(0, at)), "") << at;
  }
  EXPECT_GT(refused, 60);  // the header's structure; changed numbers cannot be noticed
}

}  // namespace
}  // namespace r1zero
