// A decoder that counts what it is asked to run.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "policy/decoder.h"

namespace r1zero {

class CountingDecoder final : public Decoder {
 public:
  struct Counts {
    int64_t tokens = 0, forwards = 0, copies = 0, largest = 0;
    std::map<int64_t, int64_t> inputs_at;  // how many began at a position
  };
  CountingDecoder(std::unique_ptr<Decoder> decoder, Counts& counts)
      : decoder_(std::move(decoder)), counts_(counts) {}
  const ModelConfig& config() const override { return decoder_->config(); }
  int64_t num_blocks() const override { return decoder_->num_blocks(); }
  void SetWeights(std::shared_ptr<const Weights> weights) override {
    decoder_->SetWeights(weights);
  }
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    int64_t tokens = 0;
    for (const DecoderInput& input : batch) {
      tokens += input.tokens.size();
      ++counts_.inputs_at[input.first_position];
    }
    counts_.tokens += tokens;
    counts_.largest = std::max(counts_.largest, tokens);
    ++counts_.forwards;
    decoder_->Forward(batch, logits_BV);
  }
  void CopyBlock(int32_t from, int32_t to, int tokens) override {
    ++counts_.copies;
    decoder_->CopyBlock(from, to, tokens);
  }

 private:
  std::unique_ptr<Decoder> decoder_;
  Counts& counts_;
};

}  // namespace r1zero
