#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>

#include "common/error.h"
#include "common/philox.h"
#include "policy/decoder.h"
#include "tests/policy/naive_model.h"

namespace r1zero {
namespace {

using Logits = std::vector<float>;

struct Shape {
  const char* name;
  ModelConfig config;
};

void PrintTo(const Shape& shape, std::ostream* out) { *out << shape.name; }

const Shape kShapes[] = {
    {"GroupedQueriesTied",
     {.vocab_size = 37,
      .hidden_size = 24,
      .num_layers = 2,
      .num_heads = 6,
      .num_kv_heads = 2,
      .head_width = 10,
      .intermediate_size = 50,
      .max_positions = 80,
      .rope_theta = 500}},
    {"OneKeyHeadUntied",
     {.vocab_size = 121,
      .hidden_size = 33,
      .num_layers = 3,
      .num_heads = 4,
      .num_kv_heads = 1,
      .head_width = 8,
      .intermediate_size = 41,
      .max_positions = 80,
      .rms_eps = 1e-5,
      .tie_embeddings = false}},
    {"Qwen2",
     {.family = ModelFamily::kQwen2,
      .vocab_size = 61,
      .hidden_size = 27,
      .num_layers = 2,
      .num_heads = 7,
      .num_kv_heads = 1,
      .head_width = 14,
      .intermediate_size = 35,
      .max_positions = 80}},
    {"Qwen3",
     {.family = ModelFamily::kQwen3,
      .vocab_size = 43,
      .hidden_size = 22,
      .num_layers = 3,
      .num_heads = 3,
      .num_kv_heads = 3,
      .head_width = 18,
      .intermediate_size = 29,
      .max_positions = 80,
      .tie_embeddings = false}},
    {"Llama3WithAStretchedContext",
     {.vocab_size = 53,
      .hidden_size = 26,
      .num_layers = 2,
      .num_heads = 4,
      .num_kv_heads = 2,
      .head_width = 16,
      .intermediate_size = 31,
      .max_positions = 80,
      .rope_theta = 500,
      .rope_scaling = {8, 1, 4, 20}}},
    {"Signs",
     {.vocab_size = 121,
      .hidden_size = 96,
      .num_layers = 3,
      .num_heads = 4,
      .num_kv_heads = 4,
      .head_width = 24,
      .intermediate_size = 256,
      .max_positions = 128}},
};

std::shared_ptr<Weights> RandomWeights(const ModelConfig& config) {
  auto weights = std::make_shared<Weights>(InitWeights(config, 11));
  RandomStream random(12, RandomPurpose::kInit);
  for (float& w : weights->flat) w += static_cast<float>(0.1 * random.Normal());  // norms too
  return weights;
}

std::vector<int32_t> RandomTokens(const ModelConfig& config, int64_t count, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<int32_t> tokens;
  for (; count > 0; --count)
    tokens.push_back(static_cast<int32_t>(random.Below(config.vocab_size)));
  return tokens;
}

// Block tables of sequences of up to 80 tokens, not in the order of the blocks.
std::vector<int32_t> Table(int32_t sequence) {
  std::vector<int32_t> table;
  for (int32_t i = 4; i >= 0; --i) table.push_back(5 * sequence + (i * 3) % 5);
  return table;
}

void ExpectSameBits(const Logits& a, const Logits& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    ASSERT_EQ(std::bit_cast<uint32_t>(a[i]), std::bit_cast<uint32_t>(b[i])) << i;
}

class CpuDecoder : public testing::TestWithParam<Shape> {
 protected:
  CpuDecoder() { decoder_->SetWeights(weights_); }

  // The logits after the last token, the sequence run in chunks of at most `chunk` tokens.
  Logits Run(const std::vector<int32_t>& tokens, size_t chunk) {
    const std::vector<int32_t> table = Table(0);
    Logits logits(config().vocab_size);
    for (size_t begin = 0; begin < tokens.size(); begin += chunk) {
      const size_t count = std::min(chunk, tokens.size() - begin);
      const DecoderInput input{.tokens = std::span(tokens).subspan(begin, count),
                               .first_position = static_cast<int64_t>(begin),
                               .block_table = table,
                               .wants_logits = begin + count == tokens.size()};
      decoder_->Forward({&input, 1}, logits.data());
    }
    return logits;
  }

  const ModelConfig& config() const { return GetParam().config; }
  std::shared_ptr<Weights> weights_ = RandomWeights(config());
  std::unique_ptr<Decoder> decoder_ = MakeCpuDecoder(config(), 5 * 130, 4000);
};

TEST_P(CpuDecoder, AgreesWithTheDefinitionInDouble) {
  const std::vector<int32_t> tokens = RandomTokens(config(), 45, 1);
  const auto expected = NaiveModel(*weights_).Logits(tokens);
  double largest = 0;
  for (const auto& row : expected)
    for (const double logit : row) largest = std::max(largest, std::abs(logit));
  ASSERT_GT(largest, 0.5);
  for (const size_t length : {1, 2, 15, 16, 17, 33, 45}) {
    const Logits logits = Run({tokens.begin(), tokens.begin() + length}, 1000);
    for (size_t v = 0; v < logits.size(); ++v)
      ASSERT_NEAR(logits[v], expected[length - 1][v], 2e-5 * largest) << length << " " << v;
  }
}

TEST_P(CpuDecoder, GivesTheSameBitsForEverySplitOfASequence) {
  for (const int64_t length : {1, 16, 40, 67}) {
    const std::vector<int32_t> tokens = RandomTokens(config(), length, 2);
    const Logits at_once = Run(tokens, length);
    for (const size_t chunk : {1, 3, 7, 16, 31}) ExpectSameBits(Run(tokens, chunk), at_once);
  }
}

TEST_P(CpuDecoder, GivesTheSameBitsAloneAndInABatch) {
  for (const int batch_size : {7, 128}) {
    std::vector<std::vector<int32_t>> tokens, tables;
    std::vector<DecoderInput> prefill, decode;
    for (int i = 0; i < batch_size; ++i) {
      tokens.push_back(RandomTokens(config(), 1 + (i * 11) % 30, i));
      tables.push_back(Table(i));
    }
    for (int i = 0; i < batch_size; ++i) {
      const int64_t count = static_cast<int64_t>(tokens[i].size());
      if (count > 1)
        prefill.push_back({.tokens = std::span(tokens[i]).first(count - 1),
                           .block_table = tables[i],
                           .wants_logits = false});
      decode.push_back({.tokens = std::span(tokens[i]).last(1),
                        .first_position = count - 1,
                        .block_table = tables[i]});
    }
    const int64_t V = config().vocab_size;
    Logits logits_BV(batch_size * V);
    decoder_->Forward(prefill, nullptr);
    decoder_->Forward(decode, logits_BV.data());
    for (int i = 0; i < batch_size; i += 1 + batch_size / 20)
      ExpectSameBits(Run(tokens[i], 1000),
                     {logits_BV.begin() + i * V, logits_BV.begin() + (i + 1) * V});
  }
}

TEST_P(CpuDecoder, WritesLogitsForTheInputsThatWantThemInTheirOrder) {
  const auto a = RandomTokens(config(), 9, 1), b = RandomTokens(config(), 5, 2),
             c = RandomTokens(config(), 20, 3);
  const auto table_a = Table(1), table_b = Table(2), table_c = Table(3);
  const DecoderInput batch[] = {{.tokens = a, .block_table = table_a},
                                {.tokens = b, .block_table = table_b, .wants_logits = false},
                                {.tokens = c, .block_table = table_c}};
  const int64_t V = config().vocab_size;
  Logits logits_BV(2 * V + 1, -77);
  decoder_->Forward(batch, logits_BV.data());
  ExpectSameBits({logits_BV.begin(), logits_BV.begin() + V}, Run(a, 1000));
  ExpectSameBits({logits_BV.begin() + V, logits_BV.begin() + 2 * V}, Run(c, 1000));
  EXPECT_EQ(logits_BV.back(), -77);
}

TEST_P(CpuDecoder, GoesOnFromACopiedBlockAsFromTheOriginal) {
  const auto tokens = RandomTokens(config(), 24, 4);
  const Logits expected = Run(tokens, 1000);
  const auto table = Table(0);
  Run({tokens.begin(), tokens.begin() + 21}, 1000);
  std::vector<int32_t> copied = table;
  copied[1] = 600;
  decoder_->CopyBlock(table[1], 600, 21 - 16);
  Run(RandomTokens(config(), 24, 5), 1000);  // the original's second block is overwritten
  Run({tokens.begin(), tokens.begin() + 16}, 1000);
  Logits logits(config().vocab_size);
  const DecoderInput input{
      .tokens = std::span(tokens).subspan(21), .first_position = 21, .block_table = copied};
  decoder_->Forward({&input, 1}, logits.data());
  ExpectSameBits(logits, expected);
}

TEST_P(CpuDecoder, TakesNewWeightsAtTheNextForward) {
  const auto tokens = RandomTokens(config(), 6, 6);
  const Logits before = Run(tokens, 1000);
  auto changed = std::make_shared<Weights>(*weights_);
  changed->flat.back() += 1;  // the final norm's or the head's last
  decoder_->SetWeights(changed);
  EXPECT_NE(Run(tokens, 1000), before);
  decoder_->SetWeights(weights_);
  ExpectSameBits(Run(tokens, 1000), before);
}

TEST_P(CpuDecoder, RefusesWhatItCannotRun) {
  const auto table = Table(0);
  const std::vector<int32_t> good = {1, 2},
                             unknown = {1, static_cast<int32_t>(config().vocab_size)},
                             negative = {-1}, many(4001, 1), none;
  Logits logits(config().vocab_size);
  const auto refusal = [&](const DecoderInput& input) -> std::string {
    try {
      decoder_->Forward({&input, 1}, logits.data());
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  using testing::HasSubstr;
  EXPECT_EQ(refusal({.tokens = good, .block_table = table}), "");
  EXPECT_THAT(refusal({.tokens = unknown, .block_table = table}), HasSubstr("vocabulary"));
  EXPECT_THAT(refusal({.tokens = negative, .block_table = table}), HasSubstr("vocabulary"));
  EXPECT_THAT(refusal({.tokens = none, .block_table = table}), HasSubstr("without tokens"));
  EXPECT_THAT(refusal({.tokens = many, .block_table = table}), HasSubstr("4000 tokens"));
  EXPECT_THAT(
      refusal({.tokens = good, .first_position = config().max_positions - 1, .block_table = table}),
      HasSubstr("context"));
  EXPECT_THAT(
      refusal({.tokens = good, .first_position = 15, .block_table = std::span(table).first(1)}),
      HasSubstr("block table"));
  auto other = std::make_shared<Weights>(*weights_);
  other->config.rope_theta += 1;
  EXPECT_THROW(decoder_->SetWeights(other), Error);
  for (const int64_t blocks : {int64_t{0}, int64_t{1} << 31})
    EXPECT_THAT([&] { MakeCpuDecoder(config(), blocks, 1); },
                testing::ThrowsMessage<Error>(HasSubstr("expected 1 to 2147483647")));
  EXPECT_THROW(MakeCpuDecoder(config(), 1, 0), Error);
}

INSTANTIATE_TEST_SUITE_P(Shapes, CpuDecoder, testing::ValuesIn(kShapes),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace r1zero
