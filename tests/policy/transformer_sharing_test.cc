// A prompt that is run once for its continuations, whole or cut into passes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/policy/shared_prompts.h"

namespace r1zero {
namespace {

class TransformerSharing : public TransformerShapes {};
INSTANTIATE_TEST_SUITE_P(, TransformerSharing, AllShapes());

TEST_P(TransformerSharing, APromptRunOnceChangesNoBitOfALogprob) {
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

TEST_P(TransformerSharing, GradientDoesNotDependOnWhereAGroupIsCutNorOnThreads) {
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

}  // namespace
}  // namespace r1zero
