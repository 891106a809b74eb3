#include "policy/packed_tokens.h"

#include <algorithm>

#include "common/error.h"

namespace r1zero {
namespace {

void AppendTokens(std::span<const int32_t> tokens, int64_t first_position, PackedTokens& packed) {
  packed.tokens_N.insert(packed.tokens_N.end(), tokens.begin(), tokens.end());
  for (size_t t = 0; t < tokens.size(); ++t)
    packed.positions_N.push_back(static_cast<int32_t>(first_position + static_cast<int64_t>(t)));
  packed.offsets_S1.push_back(packed.num_tokens());
}

void CheckSequence(const PackedTokens& packed, int64_t s, int64_t first_position,
                   int64_t max_positions) {
  const int64_t length = packed.length(s), end = first_position + length;
  Require(length > 0 && end <= max_positions, "transformer: sequence ", s, " has ", length,
          " tokens at positions ", first_position, " to ", end - 1,
          ", expected at least 1, and all below max_positions = ", max_positions);
  for (int64_t i = 0; i < length; ++i) {
    const int64_t m = packed.offsets_S1[s] + i;
    Require(packed.positions_N[m] == first_position + i, "transformer: token ", m, " has position ",
            packed.positions_N[m], ", expected its place in sequence ", s, ", ",
            first_position + i);
  }
}

void CheckGroups(const PackedTokens& packed, int64_t max_positions) {
  int64_t next = 0;
  const auto S = static_cast<int64_t>(packed.offsets_S1.size()) - 1;
  for (const PrefixGroup& group : packed.groups) {
    Require(group.first == next && group.prefix >= next && group.prefix < S,
            "transformer: a prefix group of sequences ", group.first, " to ", group.prefix,
            ", expected to begin with sequence ", next, " of ", S);
    CheckSequence(packed, group.prefix, 0, max_positions);
    for (int64_t s = group.first; s < group.prefix; ++s)
      CheckSequence(packed, s, packed.length(group.prefix), max_positions);
    next = group.prefix + 1;
  }
  Require(next == S, "transformer: prefix groups of ", next, " sequences in a batch of ", S);
}

void CheckDistributions(const RowDistributions& distributions, size_t num_rows) {
  for (const auto* sets : {&distributions.kept_R, &distributions.seen_R})
    Require(sets->empty() || sets->size() == num_rows, "transformer: ", num_rows, " rows with ",
            sets->size(), " sets of tokens, expected none or one a row");
}

void CheckRows(const LogprobRows& rows, int64_t num_tokens, int64_t vocab_size) {
  Require(!rows.hidden_rows_R.empty() && rows.hidden_rows_R.size() == rows.targets_R.size(),
          "transformer: ", rows.hidden_rows_R.size(), " rows with ", rows.targets_R.size(),
          " targets, expected as many, and at least one");
  if (rows.distributions) CheckDistributions(*rows.distributions, rows.targets_R.size());
  for (size_t r = 0; r < rows.targets_R.size(); ++r) {
    Require(rows.hidden_rows_R[r] >= 0 && rows.hidden_rows_R[r] < num_tokens, "transformer: row ",
            r, " reads token ", rows.hidden_rows_R[r], ", expected one of a batch of ", num_tokens,
            " tokens");
    Require(rows.targets_R[r] >= 0 && rows.targets_R[r] < vocab_size, "transformer: target ", r,
            " is ", rows.targets_R[r], ", outside the vocabulary of ", vocab_size);
  }
}

}  // namespace

void PackedTokens::Append(std::span<const int32_t> sequence) {
  const int64_t first = groups.empty() ? 0 : groups.back().prefix + 1;
  groups.push_back({first, static_cast<int64_t>(offsets_S1.size()) - 1});
  AppendTokens(sequence, 0, *this);
}

void PackedTokens::AppendContinuation(std::span<const int32_t> tokens, int64_t prefix_tokens) {
  AppendTokens(tokens, prefix_tokens, *this);
}

void CheckPacked(const PackedTokens& packed, const LogprobRows& rows, int64_t max_positions,
                 int64_t vocab_size) {
  const int64_t N = packed.num_tokens();
  Require(N > 0 && packed.positions_N.size() == packed.tokens_N.size() &&
              packed.offsets_S1.size() >= 2 && packed.offsets_S1.front() == 0 &&
              packed.offsets_S1.back() == N && std::ranges::is_sorted(packed.offsets_S1),
          "transformer: a batch of ", N, " tokens with ", packed.positions_N.size(),
          " positions; its offsets must ascend from 0 to the number of tokens");
  CheckGroups(packed, max_positions);
  for (int64_t m = 0; m < N; ++m)
    Require(packed.tokens_N[m] >= 0 && packed.tokens_N[m] < vocab_size, "transformer: token ", m,
            " is ", packed.tokens_N[m], ", outside the vocabulary of ", vocab_size);
  CheckRows(rows, N, vocab_size);
}

UnsharedBatch Unshare(const PackedTokens& packed, const LogprobRows& rows) {
  UnsharedBatch out;
  const std::span<const int32_t> tokens = packed.tokens_N;
  std::vector<int64_t> sequence_N(tokens.size()), prefix_S(packed.offsets_S1.size() - 1);
  for (size_t s = 0; s < prefix_S.size(); ++s)
    std::fill(sequence_N.begin() + packed.offsets_S1[s],
              sequence_N.begin() + packed.offsets_S1[s + 1], static_cast<int64_t>(s));
  for (const PrefixGroup& group : packed.groups)
    std::fill(prefix_S.begin() + group.first, prefix_S.begin() + group.prefix + 1, group.prefix);

  std::vector<int64_t> begin_S(prefix_S.size(), -1);  // where the unshared sequence s begins
  const auto place = [&](int64_t s) {
    if (begin_S[s] >= 0) return;
    begin_S[s] = out.tokens.num_tokens();
    const int64_t p = prefix_S[s];
    std::vector<int32_t> whole(tokens.begin() + packed.offsets_S1[p],
                               tokens.begin() + packed.offsets_S1[p + 1]);
    if (s != p)
      whole.insert(whole.end(), tokens.begin() + packed.offsets_S1[s],
                   tokens.begin() + packed.offsets_S1[s + 1]);
    out.tokens.Append(whole);
  };
  for (size_t r = 0; r < rows.targets_R.size(); ++r) {
    const int64_t m = rows.hidden_rows_R[r], s = sequence_N[m], p = prefix_S[s];
    place(s);
    const int64_t before = s == p ? 0 : packed.length(p);
    out.rows.hidden_rows_R.push_back(begin_S[s] + before + m - packed.offsets_S1[s]);
    out.rows.targets_R.push_back(rows.targets_R[r]);
  }
  out.rows.distributions = rows.distributions;
  return out;
}

}  // namespace r1zero
