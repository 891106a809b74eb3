// The transformer against the formulas of tests/policy/naive_llama.h in float64, by autograd.
#include <gtest/gtest.h>

#include "policy/transformer_aten.h"
#include "tests/policy/naive_llama.h"
#include "tests/policy/packed_examples.h"
#include "tests/policy/shared_prompts.h"

namespace r1zero {
namespace {

// float32 against float64; gradients relative to each parameter's norm.
constexpr double kLogprobTolerance = 1e-5, kGradientTolerance = 2e-6;
// A head whose q or k is small is stretched to length 1 before it is used, and its rounding with it.
constexpr double kHeadNormTolerance = 1e-5;

// The gradient of the sum of logprobs, each with a weight of its own.
torch::Tensor OutputGradient(int64_t rows) { return at::linspace(-1, 1, rows, at::kFloat); }

struct NaiveResult {
  torch::Tensor logprobs_R, entropy_R;
};

// Of the tokens behind the first `skipped` + 1 of each sequence, one number of each sequence.
NaiveResult NaiveLogprobs(const ModelConfig& config, const NamedTensors& weights,
                          const std::vector<std::vector<int32_t>>& sequences,
                          const std::vector<size_t>& skipped, double inv_temperature) {
  std::vector<torch::Tensor> logprobs, entropy;
  for (size_t s = 0; s < sequences.size(); ++s) {
    const auto& sequence = sequences[s];
    const auto all_TV = (NaiveLogits(config, weights, sequence) * inv_temperature).log_softmax(-1);
    for (size_t t = std::min(skipped[s], sequence.size() - 2); t + 1 < sequence.size(); ++t) {
      logprobs.push_back(all_TV[t][sequence[t + 1]]);
      entropy.push_back(-(all_TV[t].exp() * all_TV[t]).sum());
    }
  }
  return {at::stack(logprobs), at::stack(entropy)};
}

// As Pack has them.
NaiveResult NaiveLogprobs(const ModelConfig& config, const NamedTensors& weights,
                          double inv_temperature) {
  const auto sequences = Sequences();
  return NaiveLogprobs(config, weights, sequences, std::vector<size_t>(sequences.size(), 2),
                       inv_temperature);
}

// As PackShared has them: all but the prompts.
NaiveResult NaiveSharedLogprobs(const ModelConfig& config, const NamedTensors& weights) {
  std::vector<size_t> skipped;
  for (const auto& p : SharedPrompts())
    skipped.insert(skipped.end(), p.continuations.size(), p.prompt.size() - 1);
  return NaiveLogprobs(config, weights, Whole(SharedPrompts()), skipped, 1);
}

class TransformerGradients : public TransformerShapes {
 protected:
  // The model's log-probabilities, entropies and gradients are those of the formulas.
  void ExpectAgreement(const PackedExample& example, float inv_temperature,
                       const NaiveResult& naive) {
    for (const Backend backend : {Backend::kKernels, Backend::kAten}) {
      Transformer model(config_, torch::kCPU, pool_, backend);
      model->Load(weights_);
      const auto out = model->Logprobs(example.tokens, example.rows, inv_temperature);
      ExpectClose(out.logprobs_R, naive.logprobs_R);
      ExpectClose(out.entropy_R, naive.entropy_R);
      out.logprobs_R.backward(OutputGradient(out.logprobs_R.numel()));
      model->FinishGradients();
      ExpectGradients(CutFlat(config_, model->flat_grads()));
    }
  }

  NamedTensors leaves_ = Float64Leaves(weights_);

 private:
  static void ExpectClose(const torch::Tensor& found, const torch::Tensor& expected) {
    EXPECT_TRUE(
        at::allclose(found.to(at::kDouble), expected, kLogprobTolerance, kLogprobTolerance));
  }
  void ExpectGradients(const std::vector<torch::Tensor>& found) const {
    const auto manifest = WeightManifest(config_);
    const double tolerance = config_.has_qk_norm() ? kHeadNormTolerance : kGradientTolerance;
    for (size_t i = 0; i < manifest.size(); ++i) {
      const auto expected = leaves_.at(manifest[i].name).grad();
      const auto error = (found[i].to(at::kDouble) - expected).norm().item<double>();
      EXPECT_LT(error, tolerance * expected.norm().item<double>()) << manifest[i].name;
    }
  }
};
INSTANTIATE_TEST_SUITE_P(, TransformerGradients, AllShapes());

TEST_P(TransformerGradients, LogprobsAndGradientsAgreeWithTheFormulasInFloat64) {
  const auto naive = NaiveLogprobs(config_, leaves_, 1 / 0.7);
  naive.logprobs_R.backward(OutputGradient(naive.logprobs_R.numel()).to(at::kDouble));
  ExpectAgreement(Pack(Sequences()), 1 / 0.7f, naive);
}

TEST_P(TransformerGradients,
       APromptRunOnceForItsGroupGivesTheFloat64GradientsOfEverySequenceWhole) {
  const auto naive = NaiveSharedLogprobs(config_, leaves_);
  naive.logprobs_R.backward(OutputGradient(naive.logprobs_R.numel()).to(at::kDouble));
  ExpectAgreement(PackShared(SharedPrompts()), 1.0f, naive);
}

TEST_P(TransformerGradients, AtenCompositionAgreesWithTheFormulasInFloat64) {
  std::vector<torch::Tensor> in_order;
  for (const TensorSpec& spec : WeightManifest(config_)) in_order.push_back(leaves_.at(spec.name));
  const auto example = Pack(Sequences());
  const auto out = AtenLogprobs(config_, NameWeights(config_, in_order), example.tokens,
                                example.rows, 1 / 0.75f);
  const auto naive = NaiveLogprobs(config_, leaves_, 1 / 0.75f);
  EXPECT_TRUE(at::allclose(out.logprobs_R, naive.logprobs_R, 1e-9, 1e-9));
  EXPECT_TRUE(at::allclose(out.entropy_R, naive.entropy_R, 1e-9, 1e-9));

  const auto weight_R = OutputGradient(out.logprobs_R.numel()).to(at::kDouble);
  out.logprobs_R.backward(weight_R);
  std::vector<torch::Tensor> gradients;
  for (auto& leaf : in_order) gradients.push_back(leaf.grad().clone()), leaf.grad().zero_();
  naive.logprobs_R.backward(weight_R);
  for (size_t i = 0; i < in_order.size(); ++i)
    EXPECT_TRUE(at::allclose(gradients[i], in_order[i].grad(), 1e-8, 1e-10)) << i;
}

}  // namespace
}  // namespace r1zero
