// The sampler's distribution against libtorch in float64.
#include <vector>

#include "kernels/sampler.h"
#include "tests/kernels/aten_distribution.h"

namespace r1zero::kernels {

static void PrintTo(const SamplerParams& p, std::ostream* out) {
  *out << "temperature " << p.temperature << ", top_k " << p.top_k << ", top_p " << p.top_p
       << ", min_p " << p.min_p << ", repetition_penalty " << p.repetition_penalty;
}

namespace {

Tensor MaskOf(const TokenSet& set) {
  const Tensor mask = at::zeros({set.vocab_size()}, at::kBool);
  set.ForEach([&](int32_t v) { mask.data_ptr<bool>()[v] = true; });
  return mask;
}

class SamplerAgainstAten : public testing::TestWithParam<SamplerParams> {
 protected:
  const SamplerParams params = GetParam();

  // As transformers warps logits: the penalty, the temperature, then tokens by rank.
  Tensor Logprobs(const Tensor& logits, const Tensor& seen) const {
    Tensor z = Penalised(logits.to(at::kDouble), seen, params.repetition_penalty);
    z = z / double{params.temperature};
    const Tensor order = z.argsort(/*stable=*/true, -1, /*descending=*/true);
    Tensor ranked = z.index({order});
    const auto mask = [&](const Tensor& out) { ranked = ranked.masked_fill(out, -INFINITY); };
    if (params.top_k > 0) mask(at::arange(z.numel()) >= params.top_k);
    const auto p = [&] { return ranked.softmax(-1); };
    // Out where the tokens before have the mass already.
    if (params.top_p < 1) mask(p().cumsum(-1) - p() >= double{params.top_p});
    if (params.min_p > 0) mask(p() < p().max() * double{params.min_p});
    return at::empty_like(z).index_put({order}, ranked.log_softmax(-1));
  }

  void ExpectAten(int64_t V, uint64_t seed) const {
    const Tensor logits = 3 * Normal({V}, seed), seen = RandomMask(1, V, 0.3, seed + 1)[0];
    const TokenSet seen_set = SetOf(seen);
    const Tensor logprobs = Logprobs(logits, seen), ends = logprobs.exp().cumsum(0);
    // A log-probability is the difference of two numbers below 32.
    const double tolerance = RoundingsOfSum(V / 16) * 0x1p-24 * 32;
    const double mass = 1e-5;  // of cumulative probabilities, which are below 1
    std::vector<float> scratch(V);
    TokenSet kept;
    for (float uniform = 0; uniform < 1; uniform += 0x1p-7f) {
      const auto [token, logprob] =
          SampleToken(Data(logits), V, params, uniform, scratch.data(), &seen_set, &kept);
      ASSERT_NEAR(logprob, logprobs[token].item<double>(), tolerance);
      const double end = ends[token].item<double>();
      ASSERT_LE(uniform, end + mass);
      ASSERT_GE(uniform, end - std::exp(logprob) - mass);
    }
    EXPECT_TRUE(at::equal(MaskOf(kept), logprobs.isfinite()));
  }
};
INSTANTIATE_TEST_SUITE_P(
    , SamplerAgainstAten,
    testing::Values(SamplerParams{}, SamplerParams{.temperature = 0.6f},
                    SamplerParams{.temperature = 1.7f, .top_k = 9}, SamplerParams{.top_p = 0.83f},
                    SamplerParams{.min_p = 0.04f}, SamplerParams{.repetition_penalty = 1.3f},
                    SamplerParams{.temperature = 0.8f, .repetition_penalty = 0.7f},
                    SamplerParams{.temperature = 0.9f,
                                  .top_k = 14,
                                  .top_p = 0.91f,
                                  .min_p = 0.03f,
                                  .repetition_penalty = 1.2f}));

TEST_P(SamplerAgainstAten, DrawsByTheCumulativeProbabilitiesAndReportsTheLogprobOfWarpedLogits) {
  for (const int64_t V : {17, 121, 5000, 50000})
    for (uint64_t seed = 1; seed < 30; seed += 10) {
      SCOPED_TRACE(testing::Message() << "V " << V << ", seed " << seed);
      ExpectAten(V, seed);
    }
}

}  // namespace
}  // namespace r1zero::kernels
