// A learner of a tiny policy, and rollouts of that policy made by the CPU decoder.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/philox.h"
#include "kernels/sampler.h"
#include "policy/decoder.h"
#include "tests/grpo/tiny_model.h"

namespace r1zero {

inline GrpoConfig TinyGrpo() {
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
inline Completion Sample(Decoder& decoder, const Prompt& prompt, uint32_t sample,
                         float temperature) {
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

inline std::vector<Group> SampleGroups(const Weights& weights, float temperature = 1.0f,
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

inline Weights Base(uint64_t seed = 1) { return InitWeights(TinyModel(), seed); }

inline std::unique_ptr<Learner> NewLearner(const GrpoConfig& config, float temperature = 1.0f) {
  return MakeLearner(Base(), {config, /*max_completion_tokens=*/20, temperature, /*seed=*/3});
}

inline std::string Hash(const Learner& learner) { return WeightSha256(*learner.Snapshot(0)); }

// The hash after two updates on rollouts of its own policies.
inline std::string HashAfterTwoSteps(const GrpoConfig& config) {
  const auto learner = NewLearner(config);
  for (int64_t step = 0; step < 2; ++step) {
    const auto groups = SampleGroups(*learner->Snapshot(step), 1.0f, 6, step * 6);
    learner->Update(step, groups, SomeAdvantages(groups));
  }
  return Hash(*learner);
}

}  // namespace r1zero
