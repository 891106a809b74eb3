// The policy's forward pass for sampling: new tokens in, logits out, keys and values kept in blocks.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "kernels/bfloat16.h"
#include "policy/weights.h"

namespace r1zero {

// New tokens of one sequence, at positions first_position .. first_position + tokens.size() - 1. Its
// block table must already cover them, and the tokens before must have been run.
struct DecoderInput {
  std::span<const int32_t> tokens;
  int64_t first_position = 0;
  std::span<const int32_t> block_table;  // block t holds positions 16 t .. 16 t + 15
  bool wants_logits = true;              // of the last token
};

// One engine's forward pass with its KV blocks. Not thread-safe: one engine, one thread. What a
// sequence gets depends on that sequence only, never on the batch (docs/numerics.md).
class Decoder {
 public:
  virtual ~Decoder() = default;
  virtual const ModelConfig& config() const = 0;
  virtual int64_t num_blocks() const = 0;

  // Takes effect at the next Forward; what is in the KV blocks stays.
  virtual void SetWeights(std::shared_ptr<const Weights> weights) = 0;

  // Runs the batch and writes one row of vocab_size logits for each input that wants them, in order.
  virtual void Forward(std::span<const DecoderInput> batch, float* logits_BV) = 0;

  // Copies the first `tokens` tokens of one block to another, all layers.
  virtual void CopyBlock(int32_t from, int32_t to, int tokens) = 0;
};

// On this project's CPU kernels, no libtorch. max_batch_tokens bounds the tokens of one Forward.
// `storage` is that of matrices, embedding, keys and values: bfloat16 takes half the memory and rounds
// them, and nothing else.
std::unique_ptr<Decoder> MakeCpuDecoder(const ModelConfig& config, int64_t num_blocks,
                                        int64_t max_batch_tokens,
                                        kernels::Storage storage = kernels::Storage::kFloat32);

}  // namespace r1zero
