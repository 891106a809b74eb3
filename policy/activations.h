// What a forward pass keeps for its backward.
#pragma once

#include <vector>

#include "kernels/aligned.h"
#include "kernels/attention.h"
#include "policy/packed_tokens.h"

namespace r1zero {

// Makes room for n floats, which stay when fewer are asked for; what they hold is unspecified. The old
// ones are given back before the new ones are taken, with room for an eighth more, which takes no memory
// until it is used: sizes that differ a little from step to step would else leave holes in the heap that
// are as large as the buffers.
inline float* Grow(kernels::AlignedVector<float>& buffer, int64_t n) {
  if (static_cast<int64_t>(buffer.capacity()) < n) {
    kernels::AlignedVector<float>().swap(buffer);
    buffer.reserve(n + n / 8);
  }
  if (static_cast<int64_t>(buffer.size()) < n) buffer.resize(n);
  return buffer.data();
}

// M tokens, R rows of log-probabilities; D hidden, W all of q, k, v, P q and k, Q the query heads, N
// the number of heads, F intermediate. Buffers grow to the largest batch seen and are used again.
struct Activations {
  struct Layer {
    kernels::AlignedVector<float> x_MD, inv_rms_M;             // the layer's input
    kernels::AlignedVector<float> qkv_MW;                      // rotated
    kernels::AlignedVector<float> raw_qk_MP, head_inv_rms_MN;  // before the norm of heads, if any
    kernels::AlignedVector<float> attended_MQ, logsumexp_MN;
    kernels::AlignedVector<float> mid_MD, mid_inv_rms_M;  // between attention and MLP
    kernels::AlignedVector<float> gate_up_M2F;
  };

  // The layer `l`, 0 to num_layers (whose x_MD alone is used: the last layer's output). A pass that
  // keeps nothing runs all layers in one place.
  Layer& at(int64_t l) { return layers[kept ? l : 0]; }
  int64_t num_tokens() const { return packed.num_tokens(); }
  // Those that a backward runs: not the prefix whose continuations go on in the next pass.
  int64_t num_gradient_tokens() const {
    return packed.offsets_S1[num_sequences() - (packed.continues_behind ? 1 : 0)];
  }
  int64_t num_rows() const { return static_cast<int64_t>(rows.targets_R.size()); }
  const kernels::RowDistribution* distributions() const {
    return distributions_R.empty() ? nullptr : distributions_R.data();
  }
  int64_t num_sequences() const { return static_cast<int64_t>(packed.offsets_S1.size()) - 1; }

  // Tokens [begin, begin + rows.size()) end a prefix whose last KV block is partly filled; a
  // continuation needs them in the block that it goes on to fill.
  struct TailCopy {
    int64_t begin = 0;
    std::vector<kernels::AttentionRow> rows;
    int64_t end() const { return begin + static_cast<int64_t>(rows.size()); }
  };

  bool kept = false;
  PackedTokens packed;
  LogprobRows rows;
  std::vector<kernels::RowDistribution> distributions_R;  // point into rows; empty: plain
  float inv_temperature = 1;
  int64_t num_blocks = 0;
  std::vector<int32_t> block_tables;  // of all sequences; a prefix's full blocks are in several
  std::vector<kernels::AttentionRow> rows_M;  // point into block_tables
  std::vector<TailCopy> tail_copies;          // by their ends
  std::vector<int64_t> rows_by_token_R;       // rows of log-probabilities by token, then in order
  std::vector<Layer> layers;
  kernels::AlignedVector<float> last_x_RD, last_inv_rms_R, hidden_RD, logsumexp_R;
};

}  // namespace r1zero
