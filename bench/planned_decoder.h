// A decoder that ends each completion at a length planned beforehand, so that everybody who is
// compared does the same work. Around any other decoder; costs a comparison a row.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "policy/decoder.h"

namespace r1zero::bench {

// The completions of one group: how long each is, end token included. A group is known by the first
// token of its prompt, which no two groups that run at once may share.
using PlannedLengths = std::unordered_map<int32_t, std::vector<int64_t>>;

// Without a plan the end token is never drawn, and the lease's limit ends every completion.
class PlannedDecoder : public Decoder {
 public:
  // prompt_tokens: of every prompt. Planned lengths are at least 2: the first token of all
  // completions of a group comes from one row.
  PlannedDecoder(std::unique_ptr<Decoder> inner, int64_t prompt_tokens,
                 PlannedLengths lengths = {});

  const ModelConfig& config() const override { return inner_->config(); }
  int64_t num_blocks() const override { return inner_->num_blocks(); }
  void SetWeights(std::shared_ptr<const Weights> weights) override {
    inner_->SetWeights(std::move(weights));
  }
  void CopyBlock(int32_t from, int32_t to, int tokens) override {
    inner_->CopyBlock(from, to, tokens);
  }
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override;

 private:
  // How many completions of a group are still to end at each length.
  using Ends = std::vector<int32_t>;
  void Begin(const DecoderInput& prompt);
  bool EndsWithNextToken(const DecoderInput& input);

  std::unique_ptr<Decoder> inner_;
  int64_t prompt_tokens_;
  PlannedLengths lengths_;
  std::unordered_map<int32_t, Ends> ends_;  // by the first KV block, which a group shares
};

}  // namespace r1zero::bench
