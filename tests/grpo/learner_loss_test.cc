// The update against GRPO's loss from the paper in float64 with autograd, and what it does to a policy.
#include <gtest/gtest.h>

#include <cmath>

#include "common/philox.h"
#include "tests/grpo/tiny_learner.h"
#include "tests/policy/naive_llama.h"

namespace r1zero {
namespace {

// GRPO's loss from the paper (DeepSeekMath eq. 3, 4; min and clip per token; k3), in float64 with
// autograd, on ratios and reference terms that are far from 1 and 0.
at::Tensor PaperLoss(const std::vector<Group>& groups, const std::vector<float>& advantages,
                     const NamedTensors& policy, const NamedTensors& reference,
                     const LossConfig& loss) {
  auto total = at::zeros({}, at::kDouble);
  size_t i = 0;
  for (const Group& group : groups)
    for (const Completion& o : group.completions) {
      auto tokens = group.prompt.tokens;
      tokens.insert(tokens.end(), o.tokens.begin(), o.tokens.end());
      const auto logprobs = NaiveLogits(TinyModel(), policy, tokens).log_softmax(-1);
      const auto ref = NaiveLogits(TinyModel(), reference, tokens).log_softmax(-1);
      auto sum = at::zeros({}, at::kDouble);
      for (size_t t = 0; t < o.tokens.size(); ++t) {
        const auto row = static_cast<int64_t>(group.prompt.tokens.size() + t) - 1;
        const auto logprob = logprobs[row][o.tokens[t]];
        const auto ratio = (logprob - double{o.logprobs[t]}).exp();
        const auto clipped = ratio.clamp(1 - loss.clip_low, 1 + loss.clip_high);
        const auto d = ref[row][o.tokens[t]] - logprob;
        sum = sum + at::min(ratio * advantages[i], clipped * advantages[i]) -
              loss.kl_coef * (d.exp() - d - 1);
      }
      total = total - sum / static_cast<double>(o.tokens.size());
      ++i;
    }
  return total / static_cast<double>(i);
}

TEST(Learner, StepFollowsTheGradientOfThePapersLoss) {
  GrpoConfig config = TinyGrpo();
  config.loss.kl_coef = 0.3;
  config.optimizer.max_grad_norm = 0;
  const auto learner = NewLearner(config);
  const Weights policy = Base(/*seed=*/2);  // neither the reference (1) nor the sampler (4)
  const auto num_weights = static_cast<size_t>(NumParameters(TinyModel()));
  LearnerState state;
  state.adam_m.resize(num_weights);
  state.adam_v.resize(num_weights);
  learner->Restore(policy, state);
  const auto groups = SampleGroups(Base(4));
  const auto advantages = SomeAdvantages(groups);
  const UpdateMetrics metrics = learner->Update(0, groups, advantages);
  EXPECT_GT(metrics.loss.clipped_low, 0);
  EXPECT_GT(metrics.loss.clipped_high, 0);

  auto leaves = Float64Leaves(policy);
  const auto loss = PaperLoss(groups, advantages, leaves, Float64Leaves(Base()), config.loss);
  EXPECT_NEAR(metrics.loss.loss, loss.item<double>(), 1e-6);
  loss.backward();
  // From zero, Adam's first moment after one step is (1 - beta1) times the gradient.
  const auto m = learner->State().adam_m;
  double norm = 0, error = 0;
  for (const TensorSpec& spec : WeightManifest(TinyModel())) {
    const auto expected = leaves.at(spec.name).grad().contiguous().view(-1);
    for (int64_t i = 0; i < spec.size; ++i) {
      const double g = expected.const_data_ptr<double>()[i];
      norm += g * g;
      error += std::pow(double{m[spec.offset + i]} / (1 - config.optimizer.beta1) - g, 2);
    }
  }
  EXPECT_LT(std::sqrt(error), 1e-5 * std::sqrt(norm));
  EXPECT_NEAR(metrics.grad_norm, std::sqrt(norm), 1e-5 * std::sqrt(norm));
}

constexpr int32_t kWanted = 5;

TEST(Learner, RewardedCompletionsBecomeMoreLikely) {
  GrpoConfig config = TinyGrpo();
  config.optimizer.lr = 1e-2;
  const auto learner = NewLearner(config);
  const auto share_of_wanted = [](const std::vector<Group>& groups, std::vector<float>& share) {
    double sum = 0;
    for (const Group& group : groups)
      for (const Completion& c : group.completions) {
        share.push_back(static_cast<float>(std::ranges::count(c.tokens, kWanted)) /
                        static_cast<float>(c.tokens.size()));
        sum += share.back();
      }
    return sum / static_cast<double>(share.size());
  };
  double before = 0, after = 0;
  for (int64_t step = 0; step < 30; ++step) {
    const auto groups = SampleGroups(*learner->Snapshot(step), 1.0f, 6, step * 6);
    std::vector<float> advantages;
    after = share_of_wanted(groups, advantages);
    if (step == 0) before = after;
    for (float& a : advantages) a = (a - static_cast<float>(after)) * 10;
    learner->Update(step, groups, advantages);
  }
  EXPECT_LT(before, 0.2);
  EXPECT_GT(after, before + 0.3);
}

}  // namespace
}  // namespace r1zero
