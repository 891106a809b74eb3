// Policies of odd shapes, what they sample, and what the learner makes of it: for the tests that two
// ways of computing the same thing give the same bits (docs/numerics.md, "What follows").
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <vector>

#include "common/philox.h"
#include "grpo/batch.h"
#include "grpo/packed_batch.h"
#include "policy/training_pass.h"
#include "rollout/engine.h"
#include "tests/rollout/drain.h"

namespace r1zero::sameness {

struct Shape {
  const char* name;
  int64_t heads, kv_heads, head_width, hidden, intermediate, vocab, layers;
  int64_t context = 96;
  bool tied = true;
  ModelFamily family = ModelFamily::kLlama;
  kernels::RopeScaling rope_scaling = {};
  kernels::Storage storage = kernels::Storage::kFloat32;
};
inline Shape InBfloat16(Shape s, const char* name) {
  s.name = name;
  s.storage = kernels::Storage::kBfloat16;
  return s;
}
inline void PrintTo(const Shape& s, std::ostream* out) { *out << s.name; }
inline std::string Name(const testing::TestParamInfo<Shape>& info) { return info.param.name; }

// Head widths 16, 64, 128; 1 to 9 heads, 1 to 8 of them on one key head; widths that are multiples of
// nothing; vocabularies of 17 to 50,000; biases, norms of heads, stretched angles; bfloat16 storage.
inline const std::vector<Shape>& Shapes() {
  static const Shape nine{"NineHeadsOnThree", 9, 3, 64, 70, 101, 301, 2};
  static const Shape qwen{"QwenTwo", 7, 1, 16, 29, 43, 211, 2, 96, true, ModelFamily::kQwen2};
  static const std::vector<Shape> shapes{
      {"OneHead", 1, 1, 16, 23, 37, 17, 1},
      nine,
      InBfloat16(nine, "NineHeadsInBfloat16"),
      {"EightHeadsOnOne", 8, 1, 128, 48, 50, 97, 1, 96, false},
      {"SevenHeads", 7, 7, 16, 33, 65, 1000, 3},
      {"ManyWords", 4, 2, 64, 31, 45, 50000, 1, 64},
      {"FiveHeadsOnOne", 5, 1, 16, 17, 19, 129, 2, 96, false},
      {"SixHeadsOnTwo", 6, 2, 128, 130, 140, 33, 1},
      qwen,
      InBfloat16(qwen, "QwenInBfloat16"),
      {"QwenThree", 5, 5, 64, 39, 53, 77, 2, 96, false, ModelFamily::kQwen3},
      {"StretchedContext", 3, 1, 64, 21, 27, 59, 2, 96, true, ModelFamily::kLlama, {8, 1, 4, 30}}};
  return shapes;
}
// Matrices with more than 512 rows to sum over, which the product takes in steps, and a layer that no
// second-level cache holds: a batch runs through it whole, not in tiles as through the layers above.
inline Shape WideLayer() { return {"WideLayer", 2, 1, 64, 560, 640, 83, 1, 64}; }
inline Shape LongContext() { return {"LongContext", 2, 1, 16, 20, 24, 61, 2, 2048}; }
inline Shape VeryLongContext() { return {"VeryLongContext", 2, 1, 16, 20, 24, 61, 1, 4200}; }

inline ModelConfig ConfigOf(const Shape& s) {
  return {.family = s.family,
          .vocab_size = s.vocab,
          .hidden_size = s.hidden,
          .num_layers = s.layers,
          .num_heads = s.heads,
          .num_kv_heads = s.kv_heads,
          .head_width = s.head_width,
          .intermediate_size = s.intermediate,
          .max_positions = s.context,
          .rope_scaling = s.rope_scaling,
          .tie_embeddings = s.tied};
}

// Larger than a fresh policy's, so that the next token depends on those before.
inline std::shared_ptr<const Weights> WeightsOf(const Shape& s) {
  auto weights = std::make_shared<Weights>(InitWeights(ConfigOf(s), 7));
  for (float& w : weights->flat) w *= 2;
  if (s.family != ModelFamily::kLlama) {  // biases begin at 0, and the norms of heads all alike
    RandomStream random(8, RandomPurpose::kInit);
    for (float& w : weights->flat) w += static_cast<float>(0.1 * random.Normal());
  }
  return weights;
}

inline std::vector<int32_t> RandomTokens(int64_t count, int64_t vocab, uint64_t seed) {
  RandomStream random(seed, RandomPurpose::kPrompt);
  std::vector<int32_t> tokens(count);
  for (int32_t& token : tokens) token = static_cast<int32_t>(random.Below(vocab));
  return tokens;
}

// Prompts of 1 to 40 tokens: KV blocks filled in part and whole.
inline Lease LeaseOf(const Shape& s, int64_t ordinal, int32_t group_size = 3) {
  constexpr int64_t kLengths[] = {1, 15, 16, 17, 32, 40, 7};
  Lease lease{.id = 100 + static_cast<uint64_t>(ordinal)};
  lease.prompt.ordinal = ordinal;
  lease.prompt.tokens = RandomTokens(kLengths[ordinal % 7], s.vocab, 50 + ordinal);
  lease.sampling.group_size = group_size;
  lease.sampling.temperature = 0.8f;
  lease.sampling.max_total_tokens =
      static_cast<int32_t>(lease.prompt.tokens.size()) + 3 + static_cast<int32_t>(ordinal * 5 % 21);
  lease.sampling.seed = 9;
  return lease;
}
// Groups of 1, 2 and 8, drawn from what every truncation and the penalty leave.
inline std::vector<Lease> TruncatedLeasesOf(const Shape& s) {
  std::vector<Lease> leases;
  for (const int32_t group_size : {1, 2, 8}) {
    leases.push_back(LeaseOf(s, static_cast<int64_t>(leases.size()), group_size));
    SamplingParams& sampling = leases.back().sampling;
    sampling.top_k = 9;
    sampling.top_p = 0.9f;
    sampling.min_p = 0.02f;
    sampling.repetition_penalty = 1.2f;
  }
  return leases;
}
inline std::vector<Lease> LeasesOf(const Shape& s, int64_t count) {
  std::vector<Lease> leases;
  for (int64_t i = 0; i < count; ++i) leases.push_back(LeaseOf(s, i));
  return leases;
}

inline std::unique_ptr<Engine> EngineOf(const Shape& s, const EngineConfig& config) {
  auto engine = std::make_unique<Engine>(MakeCpuDecoder(ConfigOf(s), NumKvBlocks(config, s.context),
                                                        MaxBatchTokens(config), s.storage),
                                         config);
  engine->SetWeights(WeightsOf(s));
  return engine;
}
inline Groups Sample(const Shape& s, const std::vector<Lease>& leases,
                     const EngineConfig& config = {.max_sequences = 64}) {
  return RunAll(*EngineOf(s, config), leases);
}

inline bool SameBits(std::span<const float> a, std::span<const float> b) {
  return std::ranges::equal(a, b, [](float x, float y) {
    return std::bit_cast<uint32_t>(x) == std::bit_cast<uint32_t>(y);
  });
}
// Every completion as a training sequence with an advantage of its own; points into `groups`.
inline std::vector<TrainingSequence> TrainingSequences(const Groups& groups) {
  std::vector<TrainingSequence> sequences;
  for (const auto& [ordinal, group] : groups)
    for (const Completion& completion : group.completions) {
      const float advantage = 0.25f * static_cast<float>(sequences.size() % 7) - 0.7f;
      sequences.push_back({&group.prompt, &completion, advantage, 0.01});
    }
  return sequences;
}

// The training pass over a set of weights, with gradients of its own.
class Trained {
 public:
  Trained(const Shape& s, int threads)
      : pool_(threads),
        weights_(WeightsOf(s)),
        grads_(weights_->flat.size(), 0.0f),
        head_grads_(s.vocab * s.hidden, 0.0f),
        pass_(weights_->config, weights_->flat.data(), grads_.data(),
              s.tied ? head_grads_.data() : nullptr, pool_, s.storage) {
    pass_.WeightsChanged();
  }

  // Log-probabilities of all completion tokens in order; with the gradient of their sum weighted by
  // the advantages, if asked for.
  std::vector<float> Run(std::span<const TrainingSequence> sequences, int64_t micro_batch_tokens,
                         bool backward, const SampledFrom& from = {}) {
    std::vector<float> all;
    for (const MicroBatch& micro_batch : SplitMicroBatches(sequences, micro_batch_tokens)) {
      const PackedBatch batch = PackSequences(micro_batch, from);
      std::vector<float> logprobs(batch.rows.targets_R.size()), entropy(logprobs.size());
      const auto saved = pass_.Forward(batch.tokens, batch.rows, 1 / 0.8f, backward,
                                       logprobs.data(), entropy.data());
      if (backward) pass_.Backward(*saved, batch.advantages_N.data());
      all.insert(all.end(), logprobs.begin(), logprobs.end());
    }
    return all;
  }

  std::string GradientHash() const {
    std::vector<float> all(grads_.begin(), grads_.end());
    all.insert(all.end(), head_grads_.begin(), head_grads_.end());
    return WeightSha256(all);
  }

 private:
  kernels::ThreadPool pool_;
  std::shared_ptr<const Weights> weights_;
  kernels::AlignedVector<float> grads_, head_grads_;
  TrainingPass pass_;
};

inline std::string GradientHash(const Shape& s, const Groups& groups, int threads,
                                int64_t micro_batch_tokens, const SampledFrom& from = {}) {
  Trained trained(s, threads);
  trained.Run(TrainingSequences(groups), micro_batch_tokens, /*backward=*/true, from);
  return trained.GradientHash();
}

}  // namespace r1zero::sameness
