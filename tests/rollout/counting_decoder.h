// A decoder that counts what it is asked to run.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "tests/rollout/wrapped_decoder.h"

namespace r1zero {

class CountingDecoder final : public WrappedDecoder {
 public:
  struct Counts {
    int64_t tokens = 0, forwards = 0, copies = 0, largest = 0;
    std::map<int64_t, int64_t> inputs_at;  // how many began at a position
  };
  CountingDecoder(std::unique_ptr<Decoder> decoder, Counts& counts)
      : WrappedDecoder(std::move(decoder)), counts_(counts) {}
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    int64_t tokens = 0;
    for (const DecoderInput& input : batch) {
      tokens += input.tokens.size();
      ++counts_.inputs_at[input.first_position];
    }
    counts_.tokens += tokens;
    counts_.largest = std::max(counts_.largest, tokens);
    ++counts_.forwards;
    WrappedDecoder::Forward(batch, logits_BV);
  }
  void CopyBlock(int32_t from, int32_t to, int tokens) override {
    ++counts_.copies;
    WrappedDecoder::CopyBlock(from, to, tokens);
  }

 private:
  Counts& counts_;
};

}  // namespace r1zero
