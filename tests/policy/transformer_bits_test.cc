// The transformer's bits are the sampler's, and do not depend on threads or on what is packed together.
#include <gtest/gtest.h>

#include <bit>
#include <string>

#include "kernels/head.h"
#include "policy/decoder.h"
#include "tests/policy/packed_examples.h"

namespace r1zero {
namespace {

class TransformerBits : public TransformerShapes {};
INSTANTIATE_TEST_SUITE_P(, TransformerBits, AllShapes());

TEST_P(TransformerBits, LogprobsHaveTheBitsOfTheSamplersDecoder) {
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

TEST_P(TransformerBits, GradientDoesNotDependOnTheSplitIntoMicroBatchesNorOnThreads) {
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

}  // namespace
}  // namespace r1zero
