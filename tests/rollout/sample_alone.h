// The oracle of the engine: one completion sampled by itself.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/sampler.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {

// From token `at` of the completion on, other weights.
struct Swap {
  int64_t at = 0;
  std::shared_ptr<const Weights> weights;
};

// No engine, no batch, no shared blocks. All tokens are run anew for each that is sampled; with a
// swap each is run once, so that the keys and values of the weights before it stay.
inline Completion SampleAlone(const Lease& lease, int32_t sample, const Swap* swap = nullptr) {
  const int64_t V = TestPolicy().vocab_size;
  const SamplingParams& p = lease.sampling;
  const auto decoder = MakeCpuDecoder(TestPolicy(), 6, 96);
  decoder->SetWeights(TestWeights(0));
  const std::vector<int32_t> table = {3, 0, 5, 1, 4, 2};
  std::vector<int32_t> tokens = lease.prompt.tokens;
  std::vector<float> logits(V), scratch(V);
  Completion completion{.finish_reason = FinishReason::kLength};
  for (int64_t run = 0; static_cast<int64_t>(tokens.size()) < p.max_total_tokens;) {
    const auto position = static_cast<int64_t>(completion.tokens.size());
    if (swap && position == swap->at) decoder->SetWeights(swap->weights);
    const DecoderInput input{.tokens = std::span<const int32_t>(tokens).subspan(run),
                             .first_position = run,
                             .block_table = table};
    decoder->Forward({&input, 1}, logits.data());
    if (swap) run = static_cast<int64_t>(tokens.size());
    const float uniform =
        SampleUniform(p.seed, lease.prompt.ordinal, sample, static_cast<uint32_t>(position));
    const auto next = kernels::SampleToken(logits.data(), V, {.temperature = p.temperature},
                                           uniform, scratch.data());
    tokens.push_back(next.token);
    completion.tokens.push_back(next.token);
    completion.logprobs.push_back(next.logprob);
    if (!TestPolicy().IsEos(next.token)) continue;
    completion.finish_reason = FinishReason::kStop;
    break;
  }
  return completion;
}

}  // namespace r1zero
