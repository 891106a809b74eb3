// Small models of every shape, random sequences for them, and how they are packed.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <tuple>
#include <vector>

#include "common/philox.h"
#include "policy/transformer.h"

namespace r1zero {

inline ModelConfig SmallModel(bool tied, int64_t kv_heads,
                              ModelFamily family = ModelFamily::kLlama) {
  return {.family = family,
          .vocab_size = 37,
          .hidden_size = 24,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = kv_heads,
          .head_width = 6,
          .intermediate_size = 40,
          .max_positions = 64,
          .tie_embeddings = tied};
}

// Larger than a real start, so that attention and gates are far from linear.
inline Weights RandomWeights(const ModelConfig& config, uint64_t seed = 1) {
  Weights weights = InitWeights(config, seed);
  RandomStream random(seed, RandomPurpose::kInit, 99);
  for (float& w : weights.flat) w += static_cast<float>(0.1 * random.Normal());
  return weights;
}

inline std::vector<int32_t> RandomSequence(int64_t length, uint64_t seed, int64_t vocab_size = 37) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<int32_t> tokens;
  for (int64_t t = 0; t < length; ++t)
    tokens.push_back(static_cast<int32_t>(random.Below(vocab_size)));
  return tokens;
}

struct PackedExample {
  PackedTokens tokens;
  LogprobRows rows;
};

// Every sequence predicts its own next tokens, but for the first `skipped` ones.
inline PackedExample Pack(const std::vector<std::vector<int32_t>>& sequences, size_t skipped = 2) {
  PackedExample example;
  for (const auto& sequence : sequences) {
    const auto first = static_cast<int64_t>(example.tokens.tokens_N.size());
    example.tokens.Append(std::span(sequence).first(sequence.size() - 1));
    for (size_t t = std::min(skipped, sequence.size() - 2); t + 1 < sequence.size(); ++t) {
      example.rows.hidden_rows_R.push_back(first + static_cast<int64_t>(t));
      example.rows.targets_R.push_back(sequence[t + 1]);
    }
  }
  return example;
}

inline std::vector<std::vector<int32_t>> Sequences() {
  std::vector<std::vector<int32_t>> sequences;
  for (const int64_t length : {19, 2, 33, 7, 17, 48})
    sequences.push_back(RandomSequence(length, 10 + sequences.size()));
  return sequences;
}

inline std::vector<float> Values(const torch::Tensor& x) {
  const auto flat = x.detach().contiguous().view(-1);
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

// Tied weights or not, 1, 2 or 4 key heads for 4 query heads; nothing more, biases, norms of heads.
class TransformerShapes : public testing::TestWithParam<std::tuple<bool, int64_t, ModelFamily>> {
 protected:
  ModelConfig config_ = std::apply(SmallModel, GetParam());
  Weights weights_ = RandomWeights(config_);
  kernels::ThreadPool pool_{2};
};
inline auto AllShapes() {
  return testing::Combine(
      testing::Bool(), testing::Values(1, 2, 4),
      testing::Values(ModelFamily::kLlama, ModelFamily::kQwen2, ModelFamily::kQwen3));
}

}  // namespace r1zero
