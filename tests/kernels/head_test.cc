#include "kernels/head.h"

#include <gmock/gmock.h>

#include <limits>

#include "common/error.h"
#include "kernels/math.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

struct Size {
  int64_t M, D, V;
};
void PrintTo(const Size& size, std::ostream* out) {
  *out << "M " << size.M << ", D " << size.D << ", V " << size.V;
}

constexpr float kInvTemperature = 0.7f;

class HeadOfSize : public testing::TestWithParam<Size> {
 protected:
  const int64_t M = GetParam().M, D = GetParam().D, V = GetParam().V;
  const Floats hidden = RandomFloats(M * D, 1, 2), w = RandomFloats(V * D, 2),
               dlogprob = RandomFloats(M, 3);
  PackedMatrix packed, packed_backward;
  std::vector<int32_t> targets;
  ThreadPool pool;

  HeadOfSize() {
    PackForward(w.data(), V, D, packed);
    PackInputGradient(w.data(), V, D, packed_backward);
    std::mt19937 generator(4);
    for (int64_t m = 0; m < M; ++m) targets.push_back(generator() % V);
  }

  struct Forward {
    Floats logprob, logsumexp, entropy;
  };
  Forward RunForward(int64_t begin, int64_t end, ThreadPool& pool) const {
    const int64_t rows = end - begin;
    Forward f{Floats(rows), Floats(rows), Floats(rows)};
    HeadForward(&hidden[begin * D], packed, &targets[begin], kInvTemperature, f.logprob.data(),
                f.logsumexp.data(), f.entropy.data(), rows, pool);
    return f;
  }

  struct Gradient {
    Floats dhidden, dw;
  };
  // Accumulates micro-batches that end at `splits` into dw, which begins at `start`.
  Gradient RunBackward(const std::vector<int64_t>& splits, float start, ThreadPool& pool) const {
    Gradient gradient{Floats(M * D), Floats(V * D, start)};
    int64_t m = 0;
    for (const int64_t end : splits) {
      const Floats logsumexp = RunForward(m, end, pool).logsumexp;
      HeadBackward(&dlogprob[m], &hidden[m * D], packed, packed_backward, &targets[m],
                   kInvTemperature, logsumexp.data(), &gradient.dhidden[m * D], gradient.dw.data(),
                   end - m, pool);
      m = end;
    }
    return gradient;
  }

  reference::Matrix Logprobs(const reference::Matrix& hidden, const reference::Matrix& w) const {
    reference::Matrix z = reference::MatMul(hidden, w, M, V, D);
    for (double& value : z) value *= kInvTemperature;
    return reference::LogSoftmax(z, M, V);
  }
  double Loss(const reference::Matrix& hidden, const reference::Matrix& w) const {
    const reference::Matrix logprobs = Logprobs(hidden, w);
    double loss = 0;
    for (int64_t m = 0; m < M; ++m) loss += dlogprob[m] * logprobs[m * V + targets[m]];
    return loss;
  }
};
INSTANTIATE_TEST_SUITE_P(, HeadOfSize,
                         testing::Values(Size{1, 8, 2}, Size{33, 24, 121}, Size{70, 96, 40},
                                         Size{40, 16, 1}));

TEST_P(HeadOfSize, LogprobAndEntropyMatchTheReference) {
  const Forward found = RunForward(0, M, pool);
  const reference::Matrix logprobs = Logprobs(ToDouble(hidden), ToDouble(w));
  for (int64_t m = 0; m < M; ++m) {
    double entropy = 0;
    for (int64_t v = 0; v < V; ++v) entropy -= logprobs[m * V + v] * std::exp(logprobs[m * V + v]);
    EXPECT_NEAR(found.logprob[m], logprobs[m * V + targets[m]], 2e-5);
    EXPECT_NEAR(found.entropy[m], entropy, 2e-5);
  }
}

TEST_P(HeadOfSize, BackwardMatchesCentralDifferences) {
  const Gradient gradient = RunBackward({M}, 0, pool);
  ExpectGradient(gradient.dhidden, hidden, 1e-5,
                 [&](const reference::Matrix& moved) { return Loss(moved, ToDouble(w)); });
  ExpectGradient(gradient.dw, w, 1e-4,
                 [&](const reference::Matrix& moved) { return Loss(ToDouble(hidden), moved); });
}

TEST_P(HeadOfSize, ARowAloneHasTheBitsItHasInABatch) {
  const Forward batch = RunForward(0, M, pool);
  for (int64_t m = 0; m < M; ++m) {
    const Forward alone = RunForward(m, m + 1, pool);
    EXPECT_EQ(alone.logprob[0], batch.logprob[m]) << "row " << m;
    EXPECT_EQ(alone.logsumexp[0], batch.logsumexp[m]) << "row " << m;
    EXPECT_EQ(alone.entropy[0], batch.entropy[m]) << "row " << m;
  }
}

TEST_P(HeadOfSize, GradientsHaveTheSameBitsForEverySplitIntoMicroBatches) {
  const Gradient whole = RunBackward({M}, 0.5f, pool);
  for (const auto& splits : std::vector<std::vector<int64_t>>{{M / 2, M}, {M / 3, M - 1, M}}) {
    const Gradient split = RunBackward(splits, 0.5f, pool);
    EXPECT_TRUE(SameBits(split.dw, whole.dw));
    EXPECT_TRUE(SameBits(split.dhidden, whole.dhidden));
  }
}

TEST_P(HeadOfSize, HasTheSameBitsOnEveryThreadCountAndTarget) {
  ExpectSameBitsEverywhere([&](ThreadPool& pool) {
    const Forward forward = RunForward(0, M, pool);
    const Gradient gradient = RunBackward({M}, 0.5f, pool);
    return Concatenate(
        {forward.logprob, forward.logsumexp, forward.entropy, gradient.dhidden, gradient.dw});
  });
}

// More rows than HeadBackward holds at once.
class HeadOfManyRows : public HeadOfSize {};
INSTANTIATE_TEST_SUITE_P(, HeadOfManyRows, testing::Values(Size{2500, 8, 20}, Size{80, 4, 70000}));

TEST_P(HeadOfManyRows, GradientsHaveTheSameBitsForEverySplitIntoMicroBatches) {
  const Gradient whole = RunBackward({M}, 0, pool);
  const Gradient split = RunBackward({M / 2 + 3, M}, 0, pool);
  EXPECT_TRUE(SameBits(split.dw, whole.dw));
  EXPECT_TRUE(SameBits(split.dhidden, whole.dhidden));
}

TEST(LogSumExp, MatchesTheReferenceAtEveryLength) {
  for (int64_t V = 1; V <= 200; ++V) {
    const Floats logits = RandomFloats(V, V, 20);
    double sum = 0;
    for (const float logit : logits) sum += std::exp(logit * double{kInvTemperature});
    EXPECT_NEAR(LogSumExp(logits.data(), V, kInvTemperature), std::log(sum), 3e-6) << V;
  }
}

// Partial results by index mod 16, then the tree.
template <typename Combine>
float ByRule3(const Floats& x, float start, const Combine& combine) {
  Floats partial(16, start);
  for (size_t i = 0; i < x.size(); ++i) partial[i % 16] = combine(partial[i % 16], x[i]);
  for (int half = 8; half > 0; half /= 2)
    for (int j = 0; j < half; ++j) partial[j] = combine(partial[j], partial[j + half]);
  return partial[0];
}

TEST(LogSumExp, HasTheBitsOfRule3AtEveryLengthAndTarget) {
  ForEachSimdTarget([] {
    for (int64_t V = 1; V <= 200; ++V) {
      const Floats logits = RandomFloats(V, V, 20);
      Floats z = logits, e;
      for (float& value : z) value *= kInvTemperature;
      const float max = ByRule3(z, -INFINITY, [](float a, float b) { return std::max(a, b); });
      for (const float value : z) e.push_back(Exp(value - max));
      const float sum = ByRule3(e, 0, [](float a, float b) { return a + b; });
      EXPECT_EQ(LogSumExp(logits.data(), V, kInvTemperature), max + Log(sum)) << V;
    }
  });
}

TEST(LogSumExp, TokensMaskedByMinusInfinityCountForNothing) {
  constexpr float kMasked = -std::numeric_limits<float>::infinity();
  const Floats logits{kMasked, 3, kMasked};
  EXPECT_EQ(LogSumExp(logits.data(), 3, 1), 3);
}

TEST(Head, ATargetOutsideTheVocabularyIsAnError) {
  const Floats hidden(4), w(3 * 4);
  PackedMatrix packed;
  PackForward(w.data(), 3, 4, packed);
  const int32_t target = 3;
  float logprob, logsumexp;
  ThreadPool pool;
  EXPECT_THAT(
      [&] {
        HeadForward(hidden.data(), packed, &target, 1, &logprob, &logsumexp, nullptr, 1, pool);
      },
      testing::ThrowsMessage<Error>(testing::HasSubstr("target token is 3")));
}

}  // namespace
}  // namespace r1zero::kernels
