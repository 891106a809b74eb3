#include "policy/torch_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "common/error.h"
#include "tests/policy/naive_llama.h"

namespace r1zero {
namespace {

constexpr float kTolerance = 1e-4f;  // float32 against float64, logits of order 1

class TorchDecoderTest : public testing::Test {
 protected:
  TorchDecoderTest() { decoder_->SetWeights(weights_); }

  std::vector<float> NaiveRow(const std::vector<int32_t>& tokens, size_t position) const {
    const auto row_V =
        NaiveLogits(config_, Float64Leaves(*weights_), tokens)[position].detach().to(at::kFloat);
    return {row_V.const_data_ptr<float>(), row_V.const_data_ptr<float>() + row_V.numel()};
  }

  std::vector<float> Forward(const std::vector<DecoderInput>& batch, size_t wanted) {
    std::vector<float> logits_BV(wanted * config_.vocab_size, NAN);
    decoder_->Forward(batch, logits_BV.data());
    return logits_BV;
  }

  void ExpectNear(const float* logits_V, const std::vector<float>& expected_V) const {
    for (size_t v = 0; v < expected_V.size(); ++v)
      EXPECT_NEAR(logits_V[v], expected_V[v], kTolerance) << "token " << v;
  }

  ModelConfig config_{.vocab_size = 31,
                      .hidden_size = 20,
                      .num_layers = 2,
                      .num_heads = 4,
                      .num_kv_heads = 2,
                      .head_width = 6,
                      .intermediate_size = 28,
                      .max_positions = 64};
  std::shared_ptr<const Weights> weights_ = std::make_shared<Weights>(InitWeights(config_, 3));
  std::unique_ptr<Decoder> decoder_ = MakeTorchDecoder(config_, 12, "cpu");
  std::vector<int32_t> first_ = {3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4};
  std::vector<int32_t> second_ = {2, 7, 1, 8, 2, 8};
};

TEST_F(TorchDecoderTest, PrefillsAndDecodesOfOneBatchAgreeWithTheFormulas) {
  const std::vector<int32_t> blocks_a = {7, 2}, blocks_b = {11};
  const std::span<const int32_t> a = first_, b = second_;
  Forward({{a.first(9), 0, blocks_a, false}}, 0);
  // The rest of one sequence beside the whole of another.
  const auto logits = Forward({{a.subspan(9, 10), 9, blocks_a}, {b, 0, blocks_b}}, 2);
  ExpectNear(logits.data(), NaiveRow(first_, 18));
  ExpectNear(logits.data() + config_.vocab_size, NaiveRow(second_, 5));
  ExpectNear(Forward({{a.subspan(19), 19, blocks_a}}, 1).data(), NaiveRow(first_, 19));
}

TEST_F(TorchDecoderTest, AgreesWithTheCpuDecoder) {
  const auto cpu = MakeCpuDecoder(config_, 12, 64);
  cpu->SetWeights(weights_);
  const std::vector<int32_t> blocks = {4, 1};
  const DecoderInput input{first_, 0, blocks};
  std::vector<float> expected_V(config_.vocab_size);
  cpu->Forward({&input, 1}, expected_V.data());
  ExpectNear(Forward({input}, 1).data(), expected_V);
}

TEST_F(TorchDecoderTest, CopiedBlockContinuesAsTheOriginal) {
  const std::vector<int32_t> original = {5}, copy = {6};
  const std::span<const int32_t> tokens = second_;
  Forward({{tokens.first(5), 0, original, false}}, 0);
  decoder_->CopyBlock(5, 6, 5);
  ExpectNear(Forward({{tokens.subspan(5), 5, copy}}, 1).data(), NaiveRow(second_, 5));
}

TEST_F(TorchDecoderTest, NewWeightsTakeEffectAtTheNextForward) {
  const std::vector<int32_t> blocks = {0};
  Forward({{second_, 0, blocks}}, 1);
  weights_ = std::make_shared<Weights>(InitWeights(config_, 4));
  decoder_->SetWeights(weights_);
  ExpectNear(Forward({{second_, 0, blocks}}, 1).data(), NaiveRow(second_, 5));
}

TEST_F(TorchDecoderTest, PositionOutsideTheBlockTableIsRefused) {
  const std::vector<int32_t> blocks = {0};
  EXPECT_THROW(Forward({{first_, 0, blocks}}, 1), Error);
}

}  // namespace
}  // namespace r1zero
