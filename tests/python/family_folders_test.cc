// Folders of every family as transformers writes them, and what we write of them. Runs where
// R1ZERO_PYTHON names a Python that has torch and transformers.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "common/file.h"
#include "policy/decoder.h"
#include "policy/hf_folder.h"
#include "tests/policy/test_folder.h"
#include "tests/python/python.h"

namespace r1zero {
namespace {

using nlohmann::json;

constexpr double kTolerance = 1e-4;  // of the largest logit

class FamilyFolders : public testing::Test {
 protected:
  void SetUp() override {
    if (TestPython().empty())
      GTEST_SKIP() << "R1ZERO_PYTHON is not set: it must name a Python with torch and transformers";
  }

  int RunScript(const std::string& what) {
    return std::system((TestPython() + " " R1ZERO_TEST_PYTHON "/family_folders.py " + what + " " +
                        folder_.path().string())
                           .c_str());
  }

  TestFolder folder_;
};

class Sequence {
 public:
  explicit Sequence(std::shared_ptr<const Weights> weights)
      : decoder_(MakeCpuDecoder(weights->config, 32, 512)), logits_V_(weights->config.vocab_size) {
    decoder_->SetWeights(std::move(weights));
    for (int32_t i = 0; i < 32; ++i) table_.push_back(31 - i);
  }
  const std::vector<float>& Read(std::span<const int32_t> ids) {
    const DecoderInput input{.tokens = ids, .first_position = position_, .block_table = table_};
    decoder_->Forward({&input, 1}, logits_V_.data());
    position_ += static_cast<int64_t>(ids.size());
    return logits_V_;
  }

 private:
  std::unique_ptr<Decoder> decoder_;
  std::vector<int32_t> table_;
  std::vector<float> logits_V_;
  int64_t position_ = 0;
};

void ExpectLogits(const std::shared_ptr<const Weights>& weights, const json& expected) {
  const auto ids = expected["ids"].get<std::vector<int32_t>>();
  Sequence sequence(weights);
  size_t read = 0;
  for (size_t i = 0; i < expected["positions"].size(); ++i) {
    const size_t end = expected["positions"][i].get<size_t>() + 1;
    const auto& logits = sequence.Read(std::span(ids).subspan(read, end - read));
    const auto wanted = expected["logits"][i].get<std::vector<float>>();
    float largest = 0, worst = 0;
    for (size_t v = 0; v < wanted.size(); ++v) {
      largest = std::max(largest, std::abs(wanted[v]));
      worst = std::max(worst, std::abs(wanted[v] - logits[v]));
    }
    EXPECT_LT(worst, kTolerance * largest) << "after " << end << " tokens";
    read = end;
  }
}

void ExpectGreedyTokens(const std::shared_ptr<const Weights>& weights, const json& expected) {
  Sequence sequence(weights);
  std::vector<int32_t> next = expected["prompt"].get<std::vector<int32_t>>(), tokens;
  while (tokens.size() < expected["greedy"].size()) {
    const auto& logits = sequence.Read(next);
    next = {static_cast<int32_t>(std::ranges::max_element(logits) - logits.begin())};
    tokens.push_back(next.front());
  }
  EXPECT_EQ(json(tokens), expected["greedy"]);
}

TEST_F(FamilyFolders, HaveTransformersLogitsAndGreedyTokensAndAreWrittenAsItReadsThem) {
  ASSERT_EQ(RunScript("make"), 0);
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    SCOPED_TRACE(entry.path().filename().string());
    const auto weights = LoadHfWeights(entry.path());
    const json expected = json::parse(ReadFile(entry.path() / "expected.json"));
    ExpectLogits(weights, expected);
    ExpectGreedyTokens(weights, expected);
    SaveHfWeights(entry.path() / "ours", *weights);
  }
  EXPECT_EQ(RunScript("check"), 0);
}

}  // namespace
}  // namespace r1zero
