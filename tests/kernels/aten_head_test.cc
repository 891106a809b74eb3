// The fused head against libtorch in float64.
#include <vector>

#include "kernels/head.h"
#include "tests/kernels/aten_distribution.h"

namespace r1zero::kernels {
namespace {

constexpr float kInvTemperature = 0.7f, kPenalty = 1.4f;

struct Size {
  int64_t M, D, V;
};
void PrintTo(const Size& size, std::ostream* out) {
  *out << "M " << size.M << ", D " << size.D << ", V " << size.V;
}

class HeadAgainstAten : public testing::TestWithParam<Size> {
 protected:
  const int64_t M = GetParam().M, D = GetParam().D, V = GetParam().V;
  // Logits of standard deviation 2.
  const Tensor hidden = Normal({M, D}, 1),
               w = 2 / std::sqrt(static_cast<double>(D)) * Normal({V, D}, 2);
  const Tensor dlogprob = Normal({M}, 3), targets = RandomTokens(M, V, 4);
  const Tensor hidden64 = Leaf(hidden), w64 = Leaf(w), start = Normal({V, D}, 5);
  // Of a row's distribution: tokens kept, the target among them, and tokens seen.
  const Tensor kept = RandomMask(M, V, 0.6, 6).scatter(1, Column(targets), true);
  const Tensor seen = RandomMask(M, V, 0.5, 7);
  PackedMatrix packed, packed_backward;
  ThreadPool pool{2};

  HeadAgainstAten() {
    PackForward(Data(w), V, D, packed);
    PackInputGradient(Data(w), V, D, packed_backward);
  }
  static Tensor Column(const Tensor& tokens) { return tokens.to(at::kLong).unsqueeze(1); }

  // All results of the kernels against those of libtorch for these logits.
  void ExpectAten(const RowDistribution* distributions, const Tensor& z64) {
    const Tensor logprob = Unwritten({M}), logsumexp = Unwritten({M}), entropy = Unwritten({M});
    const Tensor dhidden = Unwritten({M, D}), dw = start.clone();
    HeadForward(Data(hidden), packed, Tokens(targets), kInvTemperature, Data(logprob),
                Data(logsumexp), Data(entropy), M, pool, distributions);
    HeadBackward(Data(dlogprob), Data(hidden), packed, packed_backward, Tokens(targets),
                 kInvTemperature, Data(logsumexp), Data(dhidden), Data(dw), M, pool, distributions);

    const Tensor all = z64.log_softmax(-1), expected = all.gather(1, Column(targets)).squeeze(1);
    Backward(expected, dlogprob);
    const double of_logits = RoundingsOfSum(D), of_sum = RoundingsOfSum(V / 16);
    ExpectWithin(of_logits + of_sum, logprob, expected);
    ExpectWithin(of_logits + of_sum, logsumexp, z64.logsumexp(-1));
    ExpectWithin(of_logits + of_sum, entropy, -at::xlogy(all.exp(), all.exp()).sum(-1));
    ExpectWithin(of_logits + RoundingsOfSum(V), dhidden, hidden64.grad());
    ExpectWithin(of_logits + RoundingsOfSum(M + 1), dw, start + w64.grad());
  }
};
INSTANTIATE_TEST_SUITE_P(, HeadAgainstAten,
                         testing::Values(Size{1, 8, 17}, Size{33, 24, 121}, Size{70, 96, 40},
                                         Size{5, 20, 50000}, Size{40, 100, 2}));

TEST_P(HeadAgainstAten, LogprobEntropyAndGradientsAreThoseOfLogSoftmax) {
  ExpectAten(nullptr, at::linear(hidden64, w64) * double{kInvTemperature});
}

TEST_P(HeadAgainstAten, WithADistributionForEachRowTheyAreThoseOfPenalisedAndMaskedLogits) {
  std::vector<TokenSet> sets;
  std::vector<RowDistribution> distributions;
  for (int64_t m = 0; m < M; ++m) sets.push_back(SetOf(kept[m])), sets.push_back(SetOf(seen[m]));
  for (int64_t m = 0; m < M; ++m)
    distributions.push_back({&sets[2 * m], &sets[2 * m + 1], kPenalty});
  const Tensor z64 = Penalised(at::linear(hidden64, w64), seen, kPenalty) * double{kInvTemperature};
  ExpectAten(distributions.data(), z64.masked_fill(~kept, -INFINITY));
}

}  // namespace
}  // namespace r1zero::kernels
