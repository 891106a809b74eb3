#include "grpo/learner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <set>

#include "common/error.h"
#include "common/philox.h"
#include "kernels/sampler.h"
#include "policy/decoder.h"
#include "tests/policy/naive_llama.h"

namespace r1zero {
namespace {

constexpr int32_t kVocab = 17, kWanted = 5;
constexpr int64_t kGroupSize = 4;

ModelConfig TinyModel() {
  return {.vocab_size = kVocab,
          .hidden_size = 16,
          .num_layers = 2,
          .num_heads = 2,
          .num_kv_heads = 1,
          .head_width = 8,
          .intermediate_size = 24,
          .max_positions = 32};
}

GrpoConfig TinyGrpo() {
  GrpoConfig config{.steps = 10,
                    .prompts_per_step = 6,
                    .group_size = kGroupSize,
                    .micro_batch_tokens = 64,
                    .threads = 1};
  config.loss.kl_coef = 0.01;
  config.optimizer = {.lr = 3e-3, .warmup_steps = 2};
  return config;
}

// A completion as the rollout engine samples it: the CPU decoder, token by token.
Completion Sample(Decoder& decoder, const Prompt& prompt, uint32_t sample, float temperature) {
  const std::vector<int32_t> blocks = {0, 1};
  std::vector<float> logits_V(kVocab), scratch_V(kVocab);
  DecoderInput input{prompt.tokens, 0, blocks};
  Completion completion;
  const uint32_t limit = 3 + sample * 5;
  for (uint32_t position = 0; position < limit; ++position) {
    decoder.Forward({&input, 1}, logits_V.data());
    const float uniform = SampleUniform(7, static_cast<uint64_t>(prompt.ordinal), sample, position);
    const auto token = kernels::SampleToken(logits_V.data(), kVocab, {.temperature = temperature},
                                            uniform, scratch_V.data());
    completion.tokens.push_back(token.token);
    completion.logprobs.push_back(token.logprob);
    input.first_position += static_cast<int64_t>(input.tokens.size());
    input.tokens = std::span(completion.tokens).last(1);
  }
  return completion;
}

std::vector<Group> SampleGroups(const Weights& weights, float temperature = 1.0f,
                                int64_t num_groups = 6, int64_t first_ordinal = 0) {
  const auto decoder = MakeCpuDecoder(weights.config, 2, 32);
  decoder->SetWeights(std::make_shared<Weights>(weights));
  std::vector<Group> groups;
  for (int64_t g = 0; g < num_groups; ++g) {
    Group& group = groups.emplace_back();
    group.prompt.ordinal = first_ordinal + g;
    group.prompt.tokens = {2, static_cast<int32_t>(3 + g % 7), 11};
    for (uint32_t i = 0; i < kGroupSize; ++i)
      group.completions.push_back(Sample(*decoder, group.prompt, i, temperature));
  }
  return groups;
}

// Fixed and of both signs, with a zero among them.
std::vector<float> SomeAdvantages(const std::vector<Group>& groups) {
  std::vector<float> advantages;
  for (size_t i = 0; i < groups.size() * kGroupSize; ++i)
    advantages.push_back(static_cast<float>(static_cast<int>(i * 7 % 5) - 2) * 0.6f);
  return advantages;
}

Weights Base(uint64_t seed = 1) { return InitWeights(TinyModel(), seed); }

std::unique_ptr<Learner> NewLearner(const GrpoConfig& config, float temperature = 1.0f) {
  return MakeLearner(Base(), {config, /*max_completion_tokens=*/20, temperature, /*seed=*/3});
}

std::string Hash(const Learner& learner) { return WeightSha256(*learner.Snapshot(0)); }

// The hash after two updates on rollouts of its own policies.
std::string HashAfterTwoSteps(const GrpoConfig& config) {
  const auto learner = NewLearner(config);
  for (int64_t step = 0; step < 2; ++step) {
    const auto groups = SampleGroups(*learner->Snapshot(step), 1.0f, 6, step * 6);
    learner->Update(step, groups, SomeAdvantages(groups));
  }
  return Hash(*learner);
}

TEST(Learner, FirstPassHasTheRolloutsProbabilitiesToTheBit) {
  for (const float temperature : {1.0f, 0.7f}) {
    const auto learner = NewLearner(TinyGrpo(), temperature);
    const auto groups = SampleGroups(Base(), temperature);
    const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
    EXPECT_EQ(metrics.probs_diff_max, 0);
    EXPECT_EQ(metrics.probs_diff_mean, 0);
    EXPECT_EQ(metrics.loss.ratio_sum, metrics.loss.tokens);
    EXPECT_EQ(metrics.loss.old_kl_sum, 0);
    EXPECT_EQ(metrics.loss.kl_tokens, 0) << "the reference is the policy";
    EXPECT_EQ(metrics.loss.clipped_low + metrics.loss.clipped_high, 0);
  }
}

TEST(Learner, CountsTokensAndSteps) {
  const auto learner = NewLearner(TinyGrpo());
  const auto groups = SampleGroups(Base());
  const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
  EXPECT_EQ(metrics.optimizer_steps, 1);
  EXPECT_EQ(metrics.loss.tokens, 6 * (3 + 8 + 13 + 18));
  EXPECT_EQ(metrics.tokens, 6 * (3 + 8 + 13 + 18) + 24 * (3 - 1)) << "the last token is not run";
  EXPECT_DOUBLE_EQ(metrics.lr, 1.5e-3) << "half way up the warm-up";
  EXPECT_GT(metrics.entropy, 0);
  EXPECT_LE(metrics.entropy, std::log(kVocab));
}

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

TEST(Learner, HashDoesNotDependOnMicroBatchesNorOnThreads) {
  GrpoConfig config = TinyGrpo();
  const std::string expected = HashAfterTwoSteps(config);
  for (const int64_t tokens : {1, 64, 512, 65536})
    for (const int threads : {1, 2, 4}) {
      config.micro_batch_tokens = tokens;
      config.threads = threads;
      EXPECT_EQ(HashAfterTwoSteps(config), expected) << tokens << " tokens, " << threads;
    }
}

TEST(Learner, MiniBatchesAndInnerEpochsTakeTheirOptimizerStepsReproducibly) {
  std::vector<std::string> hashes;
  for (const auto& [minibatches, epochs] : {std::pair{1, 1}, {3, 1}, {1, 2}, {3, 2}}) {
    GrpoConfig config = TinyGrpo();
    config.minibatches = minibatches;
    config.inner_epochs = epochs;
    const auto learner = NewLearner(config);
    const auto groups = SampleGroups(Base());
    const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
    EXPECT_EQ(metrics.optimizer_steps, minibatches * epochs);
    EXPECT_EQ(learner->State().optimizer_step, minibatches * epochs);
    EXPECT_EQ(metrics.loss.tokens, 6 * 42 * epochs) << "each epoch sees every token once";
    EXPECT_EQ(metrics.probs_diff_max, 0) << "measured before the first change";
    EXPECT_EQ(HashAfterTwoSteps(config), HashAfterTwoSteps(config));
    hashes.push_back(Hash(*learner));
  }
  std::ranges::sort(hashes);
  EXPECT_EQ(std::ranges::adjacent_find(hashes), hashes.end());
}

TEST(Learner, DroppedGroupsCostOptimizerStepsAndDoNotShiftTheLearningRate) {
  GrpoConfig config = TinyGrpo();
  config.steps = 2;
  config.minibatches = 6;
  config.optimizer = {.lr = 1, .warmup_steps = 0, .final_lr_fraction = 0, .decay_start = 0};
  config.optimizer.max_grad_norm = 1e-6;
  const auto groups = SampleGroups(Base());
  const auto advantages = SomeAdvantages(groups);
  const auto all = NewLearner(config), fewer = NewLearner(config);
  const UpdateMetrics full = all->Update(0, groups, advantages);
  EXPECT_EQ(full.optimizer_steps, 6);
  EXPECT_DOUBLE_EQ(full.lr, 1 - 5.0 / 11);

  const UpdateMetrics dropped =
      fewer->Update(0, std::span(groups).first(5), std::span(advantages).first(5 * kGroupSize));
  EXPECT_EQ(dropped.optimizer_steps, 5);
  EXPECT_EQ(fewer->State().optimizer_step, 5);
  EXPECT_EQ(dropped.loss.tokens, 5 * 42);
  EXPECT_DOUBLE_EQ(dropped.lr, full.lr);
  EXPECT_EQ(fewer->Update(1, groups, advantages).lr, 0) << "the last step of the run";
}

TEST(Learner, RestoredInTheMiddleEndsInTheSameBits) {
  const auto run = [](bool restore) {
    auto learner = NewLearner(TinyGrpo());
    for (int64_t step = 0; step < 4; ++step) {
      if (step == 1) learner->RefreshReference(1);
      const auto weights = learner->Snapshot(step);
      if (restore && step == 2) {
        const LearnerState state = learner->State();
        EXPECT_EQ(state.reference_version, 1);
        learner = NewLearner(TinyGrpo());
        learner->Restore(*weights, state);
      }
      const auto groups = SampleGroups(*weights, 1.0f, 6, step * 6);
      learner->Update(step, groups, SomeAdvantages(groups));
    }
    return Hash(*learner);
  };
  EXPECT_EQ(run(true), run(false));
}

TEST(Learner, StateBeforeARefreshBringsTheBaseBackAsReference) {
  const auto learner = NewLearner(TinyGrpo());
  const LearnerState state = learner->State();
  EXPECT_TRUE(state.reference.empty());
  const auto groups = SampleGroups(Base());
  learner->Update(0, groups, SomeAdvantages(groups));
  learner->RefreshReference(1);
  learner->Restore(Base(), state);
  EXPECT_EQ(learner->Update(0, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
}

TEST(Learner, RefreshedReferenceIsThePolicy) {
  const auto learner = NewLearner(TinyGrpo());
  auto groups = SampleGroups(Base());
  learner->Update(0, groups, SomeAdvantages(groups));
  groups = SampleGroups(*learner->Snapshot(1));
  const LearnerState state = learner->State();
  EXPECT_GT(learner->Update(1, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
  learner->RefreshReference(2);
  groups = SampleGroups(*learner->Snapshot(2));
  EXPECT_EQ(learner->Update(2, groups, SomeAdvantages(groups)).loss.kl_tokens, 0);
}

TEST(Learner, FrozenPolicyKeepsItsBits) {
  GrpoConfig config = TinyGrpo();
  config.optimizer.lr = 0;
  const auto learner = NewLearner(config);
  const auto groups = SampleGroups(Base());
  const UpdateMetrics metrics = learner->Update(0, groups, SomeAdvantages(groups));
  EXPECT_GT(metrics.grad_norm, 0);
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
}

TEST(Learner, CompletionsWithoutAdvantageAreMeasuredButMoveNothingWithoutKl) {
  GrpoConfig config = TinyGrpo();
  const auto groups = SampleGroups(Base());
  const auto with_kl = NewLearner(config);
  const double entropy = with_kl->Update(0, groups, SomeAdvantages(groups)).entropy;
  config.loss.kl_coef = 0;
  const auto learner = NewLearner(config);
  const std::vector<float> zeros(groups.size() * kGroupSize, 0.0f);
  const UpdateMetrics metrics = learner->Update(0, groups, zeros);
  EXPECT_NEAR(metrics.entropy, entropy, 1e-9);
  EXPECT_EQ(metrics.loss.tokens, 6 * 42);
  EXPECT_EQ(metrics.grad_norm, 0);
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
}

TEST(Learner, GroupsWithoutAdvantageLeaveTheSameBitsHoweverTheStepIsCut) {
  GrpoConfig config = TinyGrpo();
  config.loss.kl_coef = 0;
  const auto groups = SampleGroups(Base());
  std::vector<float> advantages = SomeAdvantages(groups);
  for (size_t i = 0; i < advantages.size(); ++i)
    if (i / kGroupSize % 2 == 0) advantages[i] = 0;
  std::set<std::string> hashes;
  for (const int64_t tokens : {1, 40, 64, 8192}) {
    config.micro_batch_tokens = tokens;
    const auto learner = NewLearner(config);
    const UpdateMetrics metrics = learner->Update(0, groups, advantages);
    EXPECT_GT(metrics.grad_norm, 0);
    EXPECT_EQ(metrics.loss.tokens, 6 * 42) << "those without advantage are measured too";
    hashes.insert(Hash(*learner));
  }
  EXPECT_EQ(hashes.size(), 1);
}

std::string UpdateError(const std::function<void(std::vector<Group>&, std::vector<float>&)>& spoil,
                        GrpoConfig config = TinyGrpo()) {
  const auto learner = NewLearner(config);
  auto groups = SampleGroups(Base());
  auto advantages = SomeAdvantages(groups);
  spoil(groups, advantages);
  std::string message;
  try {
    learner->Update(7, groups, advantages);
  } catch (const Error& error) {
    message = error.what();
  }
  EXPECT_EQ(Hash(*learner), WeightSha256(Base()));
  return message;
}

TEST(Learner, NumbersThatAreNotFiniteNameStepAndMicroBatchAndLeaveTheWeights) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::string logprob =
      UpdateError([&](auto& groups, auto&) { groups[5].completions[3].logprobs[2] = nan; });
  EXPECT_THAT(logprob, testing::HasSubstr("training step 7"));
  EXPECT_THAT(logprob, testing::ContainsRegex("micro-batch [1-9]"));
  EXPECT_THAT(UpdateError([&](auto&, auto& advantages) { advantages[0] = nan; }),
              testing::HasSubstr("micro-batch 0"));
  GrpoConfig config = TinyGrpo();
  config.loss.aggregation = "token-sum";  // the loss is finite, the gradient's sums are not
  EXPECT_THAT(UpdateError(
                  [&](auto&, auto& advantages) {
                    for (float& a : advantages) a = std::numeric_limits<float>::max();
                  },
                  config),
              testing::HasSubstr("training step 7"));
  // A ratio of e^78 is a number yet, its gradient in float is not.
  EXPECT_THAT(UpdateError([&](auto& groups, auto& advantages) {
                groups[0].completions[0].logprobs[0] = -80;
                advantages[0] = -1e30f;
              }),
              testing::HasSubstr("gradient is not finite"));
}

TEST(Learner, WeightsThatAreNotFiniteEndTheUpdate) {
  GrpoConfig config = TinyGrpo();
  config.optimizer.lr = 1e39;
  const auto learner = NewLearner(config);
  const auto groups = SampleGroups(Base());
  try {
    learner->Update(7, groups, SomeAdvantages(groups));
    FAIL() << "the update went on";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("training step 7"));
    EXPECT_THAT(error.what(), testing::HasSubstr("learning rate"));
  }
}

TEST(Learner, GroupsThatDoNotFitTheirAdvantagesAreRefused) {
  EXPECT_THAT(UpdateError([](auto&, auto& advantages) { advantages.pop_back(); }),
              testing::HasSubstr("advantages"));
  EXPECT_THAT(
      UpdateError([](auto& groups, auto&) { groups[0].completions[1].logprobs.pop_back(); }),
      testing::HasSubstr("log-probabilities"));
}

}  // namespace
}  // namespace r1zero
