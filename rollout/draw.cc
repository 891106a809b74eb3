#include "rollout/draw.h"

namespace r1zero {

kernels::SampledToken DrawToken(const SamplingParams& sampling, std::span<const int32_t> prompt,
                                Completion& completion, std::span<const float> logits_V,
                                float uniform, float* scratch_V) {
  thread_local kernels::TokenSet seen, kept;
  const auto V = static_cast<int64_t>(logits_V.size());
  const kernels::SamplerParams params{.temperature = sampling.temperature,
                                      .top_k = sampling.top_k,
                                      .top_p = sampling.top_p,
                                      .min_p = sampling.min_p,
                                      .repetition_penalty = sampling.repetition_penalty};
  const bool truncates = Truncates(sampling), penalises = sampling.repetition_penalty != 1;
  if (penalises) {
    if (seen.vocab_size() != V) seen = kernels::TokenSet(V);
    seen.Clear();
    for (const int32_t token : prompt) seen.Add(token);
    for (const int32_t token : completion.tokens) seen.Add(token);
  }
  const kernels::SampledToken drawn =
      kernels::SampleToken(logits_V.data(), V, params, uniform, scratch_V,
                           penalises ? &seen : nullptr, truncates ? &kept : nullptr);
  if (truncates) completion.kept.Append(kept);
  return drawn;
}

}  // namespace r1zero
