// Sequences packed one after another, without padding, and which log-probabilities are wanted of
// them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

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

// For each row r: the log-probability of target r given the hidden state of token hidden_rows_R[r].
struct LogprobRows {
  std::vector<int64_t> hidden_rows_R;  // strictly ascending
  std::vector<int32_t> targets_R;
};

}  // namespace r1zero
