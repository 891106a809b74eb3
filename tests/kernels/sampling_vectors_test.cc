// The distributions of transformers' logits processors (tests/python/make_sampling_vectors.py).
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "kernels/sampler.h"
#include "tests/kernels/numeric.h"

namespace r1zero::kernels {
namespace {

using Json = nlohmann::json;

SamplerParams ParamsOf(const Json& settings) {
  return {.temperature = settings.value("temperature", 1.0f),
          .top_k = settings.value("top_k", 0),
          .top_p = settings.value("top_p", 1.0f),
          .min_p = settings.value("min_p", 0.0f),
          .repetition_penalty = settings.value("repetition_penalty", 1.0f)};
}

TEST(SamplingVectors, DistributionsAreThoseOfTransformers) {
  std::ifstream file(std::string(R1ZERO_TEST_DATA) + "/sampling.json");
  const Json cases = Json::parse(file)["cases"];
  EXPECT_EQ(cases.size(), 8);
  for (const Json& one : cases) {
    SCOPED_TRACE(one["settings"].dump());
    const Floats logits = one["logits"];
    TokenSet seen(logits.size()), kept, expected(logits.size());
    for (const int32_t v : one["before"]) seen.Add(v);
    for (const int32_t v : one["kept"]) expected.Add(v);
    Floats scratch(logits.size());
    for (int i = 0; i < 500; ++i) {
      const SampledToken drawn =
          SampleToken(logits.data(), logits.size(), ParamsOf(one["settings"]), i / 500.0f,
                      scratch.data(), &seen, &kept);
      ASSERT_EQ(kept, expected);
      const auto place = std::ranges::find(one["kept"], Json(drawn.token)) - one["kept"].begin();
      ASSERT_NEAR(drawn.logprob, one["logprobs"][place].get<double>(), 3e-6);
    }
  }
}

}  // namespace
}  // namespace r1zero::kernels
