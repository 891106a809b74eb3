// A decoder around another one, for tests that look at or change what passes through.
#pragma once

#include <memory>
#include <utility>

#include "policy/decoder.h"

namespace r1zero {

class WrappedDecoder : public Decoder {
 public:
  explicit WrappedDecoder(std::unique_ptr<Decoder> decoder) : decoder_(std::move(decoder)) {}
  const ModelConfig& config() const override { return decoder_->config(); }
  int64_t num_blocks() const override { return decoder_->num_blocks(); }
  void SetWeights(std::shared_ptr<const Weights> weights) override {
    decoder_->SetWeights(weights);
  }
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    decoder_->Forward(batch, logits_BV);
  }
  void CopyBlock(int32_t from, int32_t to, int tokens) override {
    decoder_->CopyBlock(from, to, tokens);
  }

 private:
  std::unique_ptr<Decoder> decoder_;
};

}  // namespace r1zero
