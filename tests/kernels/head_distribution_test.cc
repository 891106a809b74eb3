// The head where rows have distributions of their own: some tokens left out, some penalised.
#include <gmock/gmock.h>

#include "common/error.h"
#include "kernels/head.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

using reference::Matrix;

constexpr float kInvTemperature = 0.7f, kPenalty = 1.4f;

// Row m keeps about 2 of 3 tokens and has seen about half of them; its target is kept.
class HeadWithDistributions : public testing::TestWithParam<int64_t> {
 protected:
  const int64_t M = 40, D = 12, V = GetParam();
  const Floats hidden = RandomFloats(M * D, 1, 2), w = RandomFloats(V * D, 2),
               dlogprob = RandomFloats(M, 3);
  PackedMatrix packed, packed_backward;
  std::vector<int32_t> targets;
  std::vector<TokenSet> kept = std::vector<TokenSet>(M, TokenSet(V)), seen = kept;
  std::vector<RowDistribution> distributions;
  ThreadPool pool;

  HeadWithDistributions() {
    PackForward(w.data(), V, D, packed);
    PackInputGradient(w.data(), V, D, packed_backward);
    std::mt19937 generator(4);
    for (int64_t m = 0; m < M; ++m) {
      for (int32_t v = 0; v < V; ++v) {
        if (generator() % 3 != 0) kept[m].Add(v);
        if (generator() % 2 != 0) seen[m].Add(v);
      }
      targets.push_back(generator() % V);
      kept[m].Add(targets[m]);
      distributions.push_back({&kept[m], &seen[m], kPenalty});
    }
  }

  struct Results {
    Floats logprob, logsumexp, entropy, dhidden, dw;
  };
  Results Run(ThreadPool& pool, const RowDistribution* rows) const {
    Results r{Floats(M), Floats(M), Floats(M), Floats(M * D), Floats(V * D)};
    HeadForward(hidden.data(), packed, targets.data(), kInvTemperature, r.logprob.data(),
                r.logsumexp.data(), r.entropy.data(), M, pool, rows);
    HeadBackward(dlogprob.data(), hidden.data(), packed, packed_backward, targets.data(),
                 kInvTemperature, r.logsumexp.data(), r.dhidden.data(), r.dw.data(), M, pool, rows);
    return r;
  }

  // Log-probabilities in double; -inf outside the kept sets.
  Matrix Logprobs(const Matrix& hidden, const Matrix& w) const {
    Matrix z = reference::MatMul(hidden, w, M, V, D);
    for (int64_t m = 0; m < M; ++m)
      for (int32_t v = 0; v < V; ++v) {
        double& value = z[m * V + v];
        if (seen[m].Contains(v)) value = value < 0 ? value * kPenalty : value / kPenalty;
        value = kept[m].Contains(v) ? value * kInvTemperature : -INFINITY;
      }
    return reference::LogSoftmax(z, M, V);
  }
  double Loss(const Matrix& hidden, const Matrix& w) const {
    const Matrix logprobs = Logprobs(hidden, w);
    double loss = 0;
    for (int64_t m = 0; m < M; ++m) loss += dlogprob[m] * logprobs[m * V + targets[m]];
    return loss;
  }
};
INSTANTIATE_TEST_SUITE_P(, HeadWithDistributions, testing::Values(3, 64, 121));

TEST_P(HeadWithDistributions, LogprobAndEntropyMatchTheReference) {
  const Results found = Run(pool, distributions.data());
  const Matrix logprobs = Logprobs(ToDouble(hidden), ToDouble(w));
  for (int64_t m = 0; m < M; ++m) {
    double entropy = 0;
    for (int32_t v = 0; v < V; ++v)
      if (kept[m].Contains(v)) entropy -= logprobs[m * V + v] * std::exp(logprobs[m * V + v]);
    EXPECT_NEAR(found.logprob[m], logprobs[m * V + targets[m]], 2e-5);
    EXPECT_NEAR(found.entropy[m], entropy, 2e-5);
  }
}

TEST_P(HeadWithDistributions, BackwardMatchesCentralDifferences) {
  const Results found = Run(pool, distributions.data());
  ExpectGradient(found.dhidden, hidden, 1e-4,
                 [&](const Matrix& moved) { return Loss(moved, ToDouble(w)); });
  ExpectGradient(found.dw, w, 1e-4,
                 [&](const Matrix& moved) { return Loss(ToDouble(hidden), moved); });
}

TEST_P(HeadWithDistributions, ATokenThatNoRowKeepsHasNoGradient) {
  TokenSet all_but_2(V);
  for (int32_t v = 0; v < V; ++v)
    if (v != 2) all_but_2.Add(v);
  for (int64_t m = 0; m < M; ++m) {
    distributions[m].kept = &all_but_2;
    if (targets[m] == 2) targets[m] = 1;
  }
  const Results found = Run(pool, distributions.data());
  for (int64_t d = 0; d < D; ++d) EXPECT_EQ(found.dw[2 * D + d], 0);
}

TEST_P(HeadWithDistributions, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    const Results r = Run(pool, distributions.data());
    return Concatenate({r.logprob, r.logsumexp, r.entropy, r.dhidden, r.dw});
  });
}

TEST_P(HeadWithDistributions, OfAllTokensAtPenalty1HasTheBitsOfNone) {
  TokenSet all(V);
  all.AddAll();
  for (int64_t m = 0; m < M; ++m) distributions[m] = {&all, &seen[m], 1.0f};
  const Results with = Run(pool, distributions.data()), without = Run(pool, nullptr);
  EXPECT_TRUE(SameBits(with.logprob, without.logprob));
  EXPECT_TRUE(SameBits(with.entropy, without.entropy));
  EXPECT_TRUE(SameBits(with.dhidden, without.dhidden));
  EXPECT_TRUE(SameBits(with.dw, without.dw));
}

TEST_P(HeadWithDistributions, ATargetThatIsNotKeptIsAnError) {
  TokenSet others(V);
  others.Add(targets[5] == 0 ? 1 : 0);
  distributions[5].kept = &others;
  EXPECT_THAT([&] { Run(pool, distributions.data()); },
              testing::ThrowsMessage<Error>(
                  testing::HasSubstr("target token is " + std::to_string(targets[5]))));
}

}  // namespace
}  // namespace r1zero::kernels
