#include "grpo/readiness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "common/error.h"
#include "policy/word_tokenizer.h"

namespace r1zero {
namespace {

// After a context that ends in token t, logit log(3) for token t + 1 and 0 for the others: of four
// tokens the next one has probability 1/2. Counts the sequences it was given at once.
class NextTokenDecoder : public Decoder {
 public:
  const ModelConfig& config() const override { return config_; }
  int64_t num_blocks() const override { return kProbeSequences; }
  void SetWeights(std::shared_ptr<const Weights>) override {}
  void CopyBlock(int32_t, int32_t, int) override {}
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    EXPECT_LE(batch.size(), static_cast<size_t>(kProbeSequences));
    for (size_t b = 0; b < batch.size(); ++b)
      for (int32_t v = 0; v < 4; ++v)
        logits_BV[b * 4 + v] = v == batch[b].tokens.back() + 1 ? std::log(3.0f) : 0;
  }

 private:
  ModelConfig config_{.vocab_size = 4, .max_positions = 16};
};

class Readiness : public testing::Test {
 protected:
  ProbeValues Measure(ReadinessProbe::Measure measure, int num_right, int num_wrong) {
    probe_.measure = measure;
    probe_.items.assign(num_right, {"ba", "b"});
    probe_.items.resize(num_right + num_wrong, {"a", "a"});
    return MeasureProbes({&probe_, 1}, tokenizer_, decoder_);
  }
  WordTokenizer tokenizer_{{"<pad>", "<eos>", "a", "b"}, 0, 1};
  NextTokenDecoder decoder_;
  ReadinessProbe probe_{"sums", {}, 0.75, 1, {}};
};

TEST_F(Readiness, AccuracyIsTheShareOfItemsWhoseNextTokenIsMostLikely) {
  const auto values = Measure(ReadinessProbe::Measure::kArgmaxAccuracy, 75, 25);
  EXPECT_EQ(values.at(0).first, "sums");
  EXPECT_DOUBLE_EQ(values.at(0).second, 0.75);
}

TEST_F(Readiness, ProbabilityIsTheMeanOverItems) {
  const auto values = Measure(ReadinessProbe::Measure::kMeanProbability, 30, 10);
  EXPECT_NEAR(values.at(0).second, 0.75 * (1.0 / 2) + 0.25 * (1.0 / 6), 1e-6);
}

TEST_F(Readiness, BoundsAreInclusiveAndNanIsNotReady) {
  EXPECT_TRUE(IsReady({&probe_, 1}, {{"sums", 0.75}}));
  EXPECT_TRUE(IsReady({&probe_, 1}, {{"sums", 1.0}}));
  EXPECT_FALSE(IsReady({&probe_, 1}, {{"sums", 0.74}}));
  EXPECT_FALSE(IsReady({&probe_, 1}, {{"sums", std::numeric_limits<double>::quiet_NaN()}}));
}

TEST_F(Readiness, NextOfMoreThanOneTokenIsRefused) {
  probe_.items = {{"a", "ab"}};
  EXPECT_THROW(MeasureProbes({&probe_, 1}, tokenizer_, decoder_), Error);
}

}  // namespace
}  // namespace r1zero
