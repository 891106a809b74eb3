#include "policy/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "common/error.h"
#include "common/philox.h"
#include "kernels/head.h"
#include "policy/decoder.h"
#include "policy/device.h"
#include "policy/transformer_aten.h"
#include "tests/policy/naive_llama.h"

namespace r1zero {
namespace {

ModelConfig SmallModel(bool tied, int64_t kv_heads) {
  return {.vocab_size = 37,
          .hidden_size = 24,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = kv_heads,
          .head_width = 6,
          .intermediate_size = 40,
          .max_positions = 64,
          .tie_embeddings = tied};
}

// Larger than a real start, so that attention and gates are far from linear.
Weights RandomWeights(const ModelConfig& config, uint64_t seed = 1) {
  Weights weights = InitWeights(config, seed);
  RandomStream random(seed, RandomPurpose::kInit, 99);
  for (float& w : weights.flat) w += static_cast<float>(0.1 * random.Normal());
  return weights;
}

std::vector<int32_t> RandomSequence(int64_t length, uint64_t seed, int64_t vocab_size = 37) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<int32_t> tokens;
  for (int64_t t = 0; t < length; ++t)
    tokens.push_back(static_cast<int32_t>(random.Below(vocab_size)));
  return tokens;
}

struct PackedExample {
  PackedTokens tokens;
  LogprobRows rows;
};

// Every sequence predicts its own next tokens, but for the first `skipped` ones.
PackedExample Pack(const std::vector<std::vector<int32_t>>& sequences, size_t skipped = 2) {
  PackedExample example;
  for (const auto& sequence : sequences) {
    const auto first = static_cast<int64_t>(example.tokens.tokens_N.size());
    example.tokens.Append(std::span(sequence).first(sequence.size() - 1));
    for (size_t t = std::min(skipped, sequence.size() - 2); t + 1 < sequence.size(); ++t) {
      example.rows.hidden_rows_R.push_back(first + static_cast<int64_t>(t));
      example.rows.targets_R.push_back(sequence[t + 1]);
    }
  }
  return example;
}

std::vector<std::vector<int32_t>> Sequences() {
  std::vector<std::vector<int32_t>> sequences;
  for (const int64_t length : {19, 2, 33, 7, 17, 48})
    sequences.push_back(RandomSequence(length, 10 + sequences.size()));
  return sequences;
}

// Three prompts with continuations of unlike lengths (one of a single token, which is a target only),
// and one by itself; prompts of 5, 16 and 21 tokens, so that a KV block is shared in part, whole, both.
struct PromptAndContinuations {
  std::vector<int32_t> prompt;
  std::vector<std::vector<int32_t>> continuations;
};
std::vector<PromptAndContinuations> SharedPrompts() {
  std::vector<PromptAndContinuations> prompts;
  uint64_t seed = 50;
  for (const auto& [prompt_length, lengths] : std::vector<std::pair<int64_t, std::vector<int64_t>>>{
           {5, {9, 1, 17}}, {16, {4, 30, 2, 8}}, {21, {12}}}) {
    prompts.push_back({RandomSequence(prompt_length, seed++), {}});
    for (const int64_t length : lengths)
      prompts.back().continuations.push_back(RandomSequence(length, seed++));
  }
  return prompts;
}

// Prompt and continuation as sequences of their own, one for each continuation.
std::vector<std::vector<int32_t>> Whole(const std::vector<PromptAndContinuations>& prompts) {
  std::vector<std::vector<int32_t>> sequences;
  for (const auto& p : prompts)
    for (const auto& continuation : p.continuations) {
      sequences.push_back(p.prompt);
      sequences.back().insert(sequences.back().end(), continuation.begin(), continuation.end());
    }
  return sequences;
}

// Continuations [begin, end) of one prompt, which is run once. Every token of a continuation is a
// target.
void AppendShared(const PromptAndContinuations& p, size_t begin, size_t end,
                  PackedExample& example) {
  auto prompt_end = example.tokens.num_tokens() + static_cast<int64_t>(p.prompt.size());
  for (size_t i = begin; i < end; ++i)
    prompt_end += static_cast<int64_t>(p.continuations[i].size()) - 1;
  for (size_t i = begin; i < end; ++i) {
    const std::span<const int32_t> tokens = p.continuations[i];
    const int64_t first = example.tokens.num_tokens();
    for (size_t t = 0; t < tokens.size(); ++t) {
      example.rows.hidden_rows_R.push_back(t == 0 ? prompt_end - 1
                                                  : first + static_cast<int64_t>(t) - 1);
      example.rows.targets_R.push_back(tokens[t]);
    }
    if (tokens.size() > 1)
      example.tokens.AppendContinuation(tokens.first(tokens.size() - 1),
                                        static_cast<int64_t>(p.prompt.size()));
  }
  example.tokens.Append(p.prompt);
}

PackedExample PackShared(const std::vector<PromptAndContinuations>& prompts) {
  PackedExample example;
  for (const auto& p : prompts) AppendShared(p, 0, p.continuations.size(), example);
  return example;
}

// The same in passes of at most `continuations` each, which cut prompts apart.
std::vector<PackedExample> PackSharedInPasses(const std::vector<PromptAndContinuations>& prompts,
                                              size_t continuations) {
  std::vector<PackedExample> passes(1);
  size_t room = continuations;
  for (const auto& p : prompts)
    for (size_t i = 0, end = 0; i < p.continuations.size(); i = end) {
      if (room == 0) {
        passes.back().tokens.continues_behind = i > 0;
        passes.emplace_back().tokens.continues_before = i > 0;
        room = continuations;
      }
      end = std::min(p.continuations.size(), i + room);
      room -= end - i;
      AppendShared(p, i, end, passes.back());
    }
  return passes;
}

// The gradient of the sum of logprobs, each with a weight of its own.
torch::Tensor OutputGradient(int64_t rows) { return at::linspace(-1, 1, rows, at::kFloat); }

std::vector<float> Values(const torch::Tensor& x) {
  const auto flat = x.detach().contiguous().view(-1);
  return {flat.const_data_ptr<float>(), flat.const_data_ptr<float>() + flat.numel()};
}

struct NaiveResult {
  torch::Tensor logprobs_R, entropy_R;
};

NaiveResult NaiveLogprobs(const ModelConfig& config, const NamedTensors& weights,
                          const std::vector<std::vector<int32_t>>& sequences,
                          double inv_temperature, size_t skipped = 2) {
  std::vector<torch::Tensor> logprobs, entropy;
  for (const auto& sequence : sequences) {
    const auto all_TV = (NaiveLogits(config, weights, sequence) * inv_temperature).log_softmax(-1);
    for (size_t t = std::min(skipped, sequence.size() - 2); t + 1 < sequence.size(); ++t) {
      logprobs.push_back(all_TV[t][sequence[t + 1]]);
      entropy.push_back(-(all_TV[t].exp() * all_TV[t]).sum());
    }
  }
  return {at::stack(logprobs), at::stack(entropy)};
}

class TransformerShapes : public testing::TestWithParam<std::tuple<bool, int64_t>> {
 protected:
  ModelConfig config_ = SmallModel(std::get<0>(GetParam()), std::get<1>(GetParam()));
  Weights weights_ = RandomWeights(config_);
  NamedTensors leaves_ = Float64Leaves(weights_);
  kernels::ThreadPool pool_{2};
};

INSTANTIATE_TEST_SUITE_P(TiedAndKvHeads, TransformerShapes,
                         testing::Combine(testing::Bool(), testing::Values(1, 2, 4)));

// float32 against float64; gradients relative to each parameter's norm.
constexpr double kLogprobTolerance = 1e-5, kGradientTolerance = 2e-6;

TEST_P(TransformerShapes, LogprobsAndGradientsAgreeWithTheFormulasInFloat64) {
  const auto naive = NaiveLogprobs(config_, leaves_, Sequences(), 1 / 0.7);
  naive.logprobs_R.backward(OutputGradient(naive.logprobs_R.numel()).to(at::kDouble));
  const auto example = Pack(Sequences());
  for (const Backend backend : {Backend::kKernels, Backend::kAten}) {
    Transformer model(config_, torch::kCPU, pool_, backend);
    model->Load(weights_);
    const auto out = model->Logprobs(example.tokens, example.rows, 1 / 0.7f);
    EXPECT_TRUE(at::allclose(out.logprobs_R.to(at::kDouble), naive.logprobs_R, kLogprobTolerance,
                             kLogprobTolerance));
    EXPECT_TRUE(at::allclose(out.entropy_R.to(at::kDouble), naive.entropy_R, kLogprobTolerance,
                             kLogprobTolerance));
    out.logprobs_R.backward(OutputGradient(out.logprobs_R.numel()));
    model->FinishGradients();
    const auto in_flat = CutFlat(config_, model->flat_grads());
    const auto manifest = WeightManifest(config_);
    for (size_t i = 0; i < manifest.size(); ++i) {
      const auto expected = leaves_.at(manifest[i].name).grad();
      const auto error = (in_flat[i].to(at::kDouble) - expected).norm().item<double>();
      EXPECT_LT(error, kGradientTolerance * expected.norm().item<double>()) << manifest[i].name;
    }
  }
}

// `skipped` of NaiveLogprobs counts from the sequence's begin: here all but the continuation.
NaiveResult NaiveSharedLogprobs(const ModelConfig& config, const NamedTensors& weights) {
  std::vector<torch::Tensor> logprobs, entropy;
  for (const auto& p : SharedPrompts())
    for (const auto& sequence : Whole({p})) {
      const size_t first = p.prompt.size() - 1;
      const auto all_TV = NaiveLogits(config, weights, sequence).log_softmax(-1);
      for (size_t t = first; t + 1 < sequence.size(); ++t) {
        logprobs.push_back(all_TV[t][sequence[t + 1]]);
        entropy.push_back(-(all_TV[t].exp() * all_TV[t]).sum());
      }
    }
  return {at::stack(logprobs), at::stack(entropy)};
}

TEST_P(TransformerShapes, APromptRunOnceForItsGroupGivesTheFloat64GradientsOfEverySequenceWhole) {
  const auto naive = NaiveSharedLogprobs(config_, leaves_);
  naive.logprobs_R.backward(OutputGradient(naive.logprobs_R.numel()).to(at::kDouble));
  const auto example = PackShared(SharedPrompts());
  for (const Backend backend : {Backend::kKernels, Backend::kAten}) {
    Transformer model(config_, torch::kCPU, pool_, backend);
    model->Load(weights_);
    const auto out = model->Logprobs(example.tokens, example.rows, 1.0f);
    EXPECT_TRUE(at::allclose(out.logprobs_R.to(at::kDouble), naive.logprobs_R, kLogprobTolerance,
                             kLogprobTolerance));
    EXPECT_TRUE(at::allclose(out.entropy_R.to(at::kDouble), naive.entropy_R, kLogprobTolerance,
                             kLogprobTolerance));
    out.logprobs_R.backward(OutputGradient(out.logprobs_R.numel()));
    model->FinishGradients();
    const auto in_flat = CutFlat(config_, model->flat_grads());
    const auto manifest = WeightManifest(config_);
    for (size_t i = 0; i < manifest.size(); ++i) {
      const auto expected = leaves_.at(manifest[i].name).grad();
      const auto error = (in_flat[i].to(at::kDouble) - expected).norm().item<double>();
      EXPECT_LT(error, kGradientTolerance * expected.norm().item<double>()) << manifest[i].name;
    }
  }
}

TEST_P(TransformerShapes, APromptRunOnceChangesNoBitOfALogprob) {
  Transformer model(config_, torch::kCPU, pool_);
  model->Load(weights_);
  const auto shared = PackShared(SharedPrompts());
  const UnsharedBatch unshared = Unshare(shared.tokens, shared.rows);
  EXPECT_GT(unshared.tokens.num_tokens(), shared.tokens.num_tokens());
  EXPECT_EQ(WeightSha256(Values(model->Logprobs(shared.tokens, shared.rows, 1.0f).logprobs_R)),
            WeightSha256(Values(model->Logprobs(unshared.tokens, unshared.rows, 1.0f).logprobs_R)));
}

std::string SharedGradientHash(const Weights& weights, int threads, size_t continuations) {
  kernels::ThreadPool pool(threads);
  Transformer model(weights.config, torch::kCPU, pool);
  model->Load(weights);
  for (const PackedExample& pass : PackSharedInPasses(SharedPrompts(), continuations)) {
    const auto out = model->Logprobs(pass.tokens, pass.rows, 1.0f);
    out.logprobs_R.backward(out.logprobs_R.detach() * 0.01);
  }
  model->FinishGradients();
  return WeightSha256(Values(model->flat_grads()));
}

TEST_P(TransformerShapes, GradientDoesNotDependOnWhereAGroupIsCutNorOnThreads) {
  const std::string whole = SharedGradientHash(weights_, /*threads=*/1, /*continuations=*/8);
  for (const int threads : {1, 2, 4})
    for (const size_t continuations : {1, 2, 3, 4, 5, 6, 8})
      EXPECT_EQ(SharedGradientHash(weights_, threads, continuations), whole)
          << threads << " threads, passes of " << continuations << " continuations";
}

TEST(Transformer, PassesOfAGroupOutOfOrderAreRefused) {
  const ModelConfig config = SmallModel(true, 2);
  kernels::ThreadPool pool;
  Transformer model(config, torch::kCPU, pool);
  const auto passes = PackSharedInPasses(SharedPrompts(), 2);
  const auto out = model->Logprobs(passes[1].tokens, passes[1].rows, 1.0f);
  EXPECT_THAT([&] { out.logprobs_R.sum().backward(); },
              testing::ThrowsMessage<std::exception>(testing::HasSubstr("passes of one group")));
}

TEST(Transformer, AStepAfterOneThatEndedInTheMiddleOfAGroupHasTheGradientOfAFreshModel) {
  const Weights weights = RandomWeights(SmallModel(true, 2));
  kernels::ThreadPool pool;
  Transformer model(weights.config, torch::kCPU, pool);
  model->Load(weights);
  const auto passes = PackSharedInPasses(SharedPrompts(), 2);
  ASSERT_TRUE(passes[0].tokens.continues_behind);
  model->Logprobs(passes[0].tokens, passes[0].rows, 1.0f).logprobs_R.sum().backward();

  model->ZeroGradients();
  for (const PackedExample& pass : passes) {
    const auto out = model->Logprobs(pass.tokens, pass.rows, 1.0f);
    out.logprobs_R.backward(out.logprobs_R.detach() * 0.01);
  }
  model->FinishGradients();
  EXPECT_EQ(WeightSha256(Values(model->flat_grads())),
            SharedGradientHash(weights, /*threads=*/1, /*continuations=*/2));
}

TEST_P(TransformerShapes, AtenCompositionAgreesWithTheFormulasInFloat64) {
  std::vector<torch::Tensor> in_order;
  for (const TensorSpec& spec : WeightManifest(config_)) in_order.push_back(leaves_.at(spec.name));
  const auto example = Pack(Sequences());
  const auto out = AtenLogprobs(config_, NameWeights(config_, in_order), example.tokens,
                                example.rows, 1 / 0.75f);
  const auto naive = NaiveLogprobs(config_, leaves_, Sequences(), 1 / 0.75f);
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

TEST_P(TransformerShapes, LogprobsHaveTheBitsOfTheSamplersDecoder) {
  Transformer model(config_, torch::kCPU, pool_);
  model->Load(weights_);
  const auto sequence = RandomSequence(41, 5);
  const auto example = Pack({sequence}, /*skipped=*/0);
  const float inv_temperature = 1 / 0.6f;
  const auto logprobs =
      Values(model->Logprobs(example.tokens, example.rows, inv_temperature).logprobs_R);

  const auto decoder = MakeCpuDecoder(config_, 4, 64);
  decoder->SetWeights(std::make_shared<Weights>(weights_));
  const std::vector<int32_t> blocks = {2, 0, 3};
  std::vector<float> logits_V(config_.vocab_size);
  for (size_t t = 0; t + 1 < sequence.size(); ++t) {
    const DecoderInput input{std::span(sequence).subspan(t, 1), static_cast<int64_t>(t), blocks};
    decoder->Forward({&input, 1}, logits_V.data());
    const float sampled = logits_V[sequence[t + 1]] * inv_temperature -
                          kernels::LogSumExp(logits_V.data(), config_.vocab_size, inv_temperature);
    EXPECT_EQ(std::bit_cast<uint32_t>(sampled), std::bit_cast<uint32_t>(logprobs[t])) << t;
  }
}

std::string GradientHash(const Weights& weights, int threads, size_t sequences_each) {
  kernels::ThreadPool pool(threads);
  Transformer model(weights.config, torch::kCPU, pool);
  model->Load(weights);
  const auto sequences = Sequences();
  for (size_t begin = 0; begin < sequences.size(); begin += sequences_each) {
    const size_t end = std::min(sequences.size(), begin + sequences_each);
    const auto example = Pack({sequences.begin() + begin, sequences.begin() + end});
    const auto out = model->Logprobs(example.tokens, example.rows, 1.0f);
    out.logprobs_R.backward(out.logprobs_R.detach() * 0.01);
  }
  model->FinishGradients();
  return WeightSha256(Values(model->flat_grads()));
}

TEST_P(TransformerShapes, GradientDoesNotDependOnTheSplitIntoMicroBatchesNorOnThreads) {
  const std::string whole = GradientHash(weights_, /*threads=*/1, /*sequences_each=*/6);
  for (const int threads : {1, 2, 4})
    for (const size_t sequences_each : {1, 2, 4, 6})
      EXPECT_EQ(GradientHash(weights_, threads, sequences_each), whole)
          << threads << " threads, " << sequences_each << " sequences each";
}

TEST(Transformer, SequenceHasTheSameBitsAloneAndPackedWithOthers) {
  const ModelConfig config = SmallModel(true, 2);
  kernels::ThreadPool pool(2);
  Transformer model(config, torch::kCPU, pool);
  model->Load(RandomWeights(config));
  const auto all = Pack(Sequences());
  const auto together = Values(model->Logprobs(all.tokens, all.rows, 1.0f).logprobs_R);
  std::vector<float> one_by_one;
  for (const auto& sequence : Sequences()) {
    const auto alone = Pack({sequence});
    const auto values = Values(model->Logprobs(alone.tokens, alone.rows, 1.0f).logprobs_R);
    one_by_one.insert(one_by_one.end(), values.begin(), values.end());
  }
  EXPECT_EQ(WeightSha256(one_by_one), WeightSha256(together));
}

TEST(Transformer, ParametersAndGradientsAreViewsOfTheFlatBuffersInManifestOrder) {
  const ModelConfig config = SmallModel(false, 2);
  kernels::ThreadPool pool;
  Transformer model(config, torch::kCPU, pool);
  const auto manifest = WeightManifest(config);
  const auto parameters = model->named_parameters();
  ASSERT_EQ(parameters.size(), manifest.size());
  for (size_t i = 0; i < manifest.size(); ++i) {
    EXPECT_EQ(parameters[i].key(), manifest[i].name);
    EXPECT_EQ(parameters[i].value().sizes().vec(), manifest[i].shape);
    EXPECT_EQ(parameters[i].value().data_ptr<float>(),
              model->flat_params().data_ptr<float>() + manifest[i].offset);
    EXPECT_EQ(parameters[i].value().grad().data_ptr<float>(),
              model->flat_grads().data_ptr<float>() + manifest[i].offset);
  }
}

TEST(Transformer, ChangedWeightsCountAfterWeightsChanged) {
  const ModelConfig config = SmallModel(true, 4);
  kernels::ThreadPool pool;
  Transformer model(config, torch::kCPU, pool), fresh(config, torch::kCPU, pool);
  model->Load(RandomWeights(config));
  model->flat_params().mul_(1.5);
  model->WeightsChanged();
  fresh->Load(*model->Snapshot(3));
  EXPECT_EQ(model->Snapshot(3)->version, 3);
  const auto example = Pack(Sequences());
  EXPECT_EQ(Values(model->Logprobs(example.tokens, example.rows, 1.0f).logprobs_R),
            Values(fresh->Logprobs(example.tokens, example.rows, 1.0f).logprobs_R));
}

TEST(Transformer, ZeroGradientsForgetsAStepWhole) {
  const ModelConfig config = SmallModel(true, 4);
  kernels::ThreadPool pool;
  Transformer model(config, torch::kCPU, pool);
  model->Load(RandomWeights(config));
  const auto example = Pack(Sequences());
  std::vector<std::vector<float>> gradients;
  for (int i = 0; i < 2; ++i) {
    model->ZeroGradients();
    model->Logprobs(example.tokens, example.rows, 1.0f).logprobs_R.sum().backward();
    model->FinishGradients();
    gradients.push_back(Values(model->flat_grads()));
  }
  EXPECT_EQ(gradients[0], gradients[1]);
}

TEST(Transformer, WithoutGradModeNothingIsRecorded) {
  const ModelConfig config = SmallModel(true, 4);
  kernels::ThreadPool pool;
  Transformer model(config, torch::kCPU, pool);
  const auto example = Pack(Sequences());
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(model->Logprobs(example.tokens, example.rows, 1.0f).logprobs_R.requires_grad());
}

std::string LogprobsError(PackedTokens tokens, LogprobRows rows) {
  kernels::ThreadPool pool;
  Transformer model(SmallModel(true, 4), torch::kCPU, pool);
  try {
    model->Logprobs(tokens, rows, 1.0f);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Transformer, BatchOutsideTheModelIsRefusedByName) {
  const auto good = Pack({RandomSequence(8, 1)});
  auto tokens = good.tokens;
  tokens.tokens_N[3] = 37;
  EXPECT_THAT(LogprobsError(tokens, good.rows), testing::HasSubstr("token 3 is 37"));
  auto rows = good.rows;
  rows.hidden_rows_R.back() = 7;
  EXPECT_THAT(LogprobsError(good.tokens, rows), testing::HasSubstr("reads token 7"));
  rows = good.rows;
  rows.targets_R[0] = -1;
  EXPECT_THAT(LogprobsError(good.tokens, rows), testing::HasSubstr("target 0 is -1"));
  const auto long_one = Pack({RandomSequence(66, 1)});
  EXPECT_THAT(LogprobsError(long_one.tokens, long_one.rows), testing::HasSubstr("max_positions"));
  EXPECT_THAT(LogprobsError({}, {}), testing::HasSubstr("0 tokens"));
}

TEST(Transformer, UnknownDeviceIsRefusedByName) {
  EXPECT_THROW(FindDevice("tpu"), Error);
  EXPECT_TRUE(FindDevice("cpu").is_cpu());
}

}  // namespace
}  // namespace r1zero
