// Every family against the logits that transformers gives in float64 for tiny models whose weights are
// a formula: tests/data/families.json, made by tests/python/make_families.py.
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "common/file.h"
#include "policy/decoder.h"

namespace r1zero {
namespace {

using nlohmann::json;

const json& Goldens() {
  static const json goldens = json::parse(ReadFile(R1ZERO_TEST_DATA "/families.json"));
  return goldens;
}

Weights FormulaWeights(const ModelConfig& config) {
  Weights weights{.config = config};
  weights.flat.resize(NumParameters(config));
  for (const TensorSpec& spec : WeightManifest(config)) {
    int64_t start = 0;
    for (size_t j = 0; j < spec.name.size(); ++j)
      start += static_cast<int64_t>(j + 1) * static_cast<unsigned char>(spec.name[j]);
    const double scale = spec.shape.size() == 2 ? 4 / std::sqrt(double(spec.shape[1])) : 1;
    const double center = spec.name.find("norm") == std::string::npos ? 0 : 1;
    for (int64_t i = 0; i < spec.size; ++i)
      weights.flat[spec.offset + i] =
          static_cast<float>((double((i * 7919 + start) % 1009) / 1009 - 0.5) * scale + center);
  }
  return weights;
}

class Families : public testing::TestWithParam<const char*> {};

TEST_P(Families, HaveTheLogitsOfTransformers) {
  const json& golden = Goldens().at(GetParam());
  const ModelConfig config = FromConfigJson(golden["config"].dump(), "families.json");
  const auto decoder = MakeCpuDecoder(config, 4, 64);
  decoder->SetWeights(std::make_shared<Weights>(FormulaWeights(config)));
  const auto ids = golden["ids"].get<std::vector<int32_t>>();
  const std::vector<int32_t> table = {2, 0, 3, 1};
  std::vector<float> logits(config.vocab_size);
  for (size_t i = 0; i < golden["positions"].size(); ++i) {
    const size_t count = golden["positions"][i].get<size_t>() + 1;
    const DecoderInput input{.tokens = std::span(ids).first(count), .block_table = table};
    decoder->Forward({&input, 1}, logits.data());
    double largest = 0;
    for (const json& logit : golden["logits"][i])
      largest = std::max(largest, std::abs(logit.get<double>()));
    for (size_t v = 0; v < logits.size(); ++v)
      ASSERT_NEAR(logits[v], golden["logits"][i][v].get<double>(), 2e-5 * largest)
          << "after " << count << " tokens, token " << v;
  }
}
INSTANTIATE_TEST_SUITE_P(, Families, testing::Values("Qwen2", "Qwen3", "Llama3", "Mistral"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace r1zero
