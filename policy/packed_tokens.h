// Sequences packed one after another, without padding, and which log-probabilities are wanted of
// them.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/distribution.h"

namespace r1zero {

// Sequence s is tokens [offsets[s], offsets[s + 1]); positions count from 0 in each.
struct PackedTokens {
  std::vector<int32_t> tokens_N;
  std::vector<int32_t> positions_N;
  std::vector<int64_t> offsets_S1{0};

  void Append(std::span<const int32_t> sequence) {
    tokens_N.insert(tokens_N.end(), sequence.begin(), sequence.end());
    for (size_t t = 0; t < sequence.size(); ++t) positions_N.push_back(static_cast<int32_t>(t));
    offsets_S1.push_back(static_cast<int64_t>(tokens_N.size()));
  }
};

// The distributions of rows, where they are not the softmax of all logits. V / 8 bytes a set.
struct RowDistributions {
  std::vector<kernels::TokenSet> kept_R;  // empty: every token in every row
  std::vector<kernels::TokenSet> seen_R;  // empty: no penalty
  float repetition_penalty = 1.0f;

  // Row r's for the kernels; points into this.
  kernels::RowDistribution operator[](int64_t r) const {
    return {.kept = kept_R.empty() ? nullptr : &kept_R[r],
            .seen = seen_R.empty() ? nullptr : &seen_R[r],
            .repetition_penalty = repetition_penalty};
  }
};

// For each row r: the log-probability of target r given the hidden state of token hidden_rows_R[r].
struct LogprobRows {
  std::vector<int64_t> hidden_rows_R;  // strictly ascending
  std::vector<int32_t> targets_R;
  std::shared_ptr<const RowDistributions> distributions;  // null: the softmax of all logits
};

}  // namespace r1zero
