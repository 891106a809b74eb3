#include "policy/transformer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/error.h"
#include "policy/device.h"
#include "tests/policy/packed_examples.h"

namespace r1zero {
namespace {

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
