// Sequences packed one after another, without padding, and which log-probabilities are wanted of
// them. Sequences that begin alike may share the rows of what they begin with.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kernels/distribution.h"

namespace r1zero {

// Sequences [first, prefix) continue sequence `prefix`, which lies right behind them and is run once
// for all of them. first == prefix: a sequence by itself.
struct PrefixGroup {
  int64_t first = 0, prefix = 0;
};

// Sequence s is tokens [offsets[s], offsets[s + 1]); positions count from 0, in a continuation from
// the prefix's length.
struct PackedTokens {
  std::vector<int32_t> tokens_N;
  std::vector<int32_t> positions_N;
  std::vector<int64_t> offsets_S1{0};
  std::vector<PrefixGroup> groups;  // in order; every sequence is in one
  // The first group has more continuations in the pass before, the last one in the pass behind: what
  // they add to the prefix's gradient is carried along, and the prefix's own backward runs in the
  // last of these passes.
  bool continues_before = false, continues_behind = false;

  int64_t num_tokens() const { return static_cast<int64_t>(tokens_N.size()); }
  int64_t length(int64_t s) const { return offsets_S1[s + 1] - offsets_S1[s]; }

  // A sequence by itself, or the prefix of the continuations appended since the last one.
  void Append(std::span<const int32_t> sequence);
  void AppendContinuation(std::span<const int32_t> tokens, int64_t prefix_tokens);
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
// Rows may share a token: the first tokens of all continuations of a prefix do.
struct LogprobRows {
  std::vector<int64_t> hidden_rows_R;
  std::vector<int32_t> targets_R;
  std::shared_ptr<const RowDistributions> distributions;  // null: the softmax of all logits
};

// Error, if these do not describe rows of a batch, or lie outside a model of this context and
// vocabulary.
void CheckPacked(const PackedTokens& packed, const LogprobRows& rows, int64_t max_positions,
                 int64_t vocab_size);

struct UnsharedBatch {
  PackedTokens tokens;
  LogprobRows rows;
};
// The same log-probabilities in the same order, nothing shared: each sequence that a row reads, with
// its prefix before it.
UnsharedBatch Unshare(const PackedTokens& packed, const LogprobRows& rows);

}  // namespace r1zero
