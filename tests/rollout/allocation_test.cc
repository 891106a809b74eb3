// The decode step allocates nothing. Its own program: it replaces operator new.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>

#include "tests/rollout/test_leases.h"
#include "tests/rollout/wrapped_decoder.h"

namespace {
std::atomic<int64_t> allocations{0};

[[gnu::noinline]] void* Counted(std::size_t size, std::size_t alignment) {
  ++allocations;
  const std::size_t whole = (size + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, std::max(whole, alignment))) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void Free(void* memory) { std::free(memory); }
}  // namespace

void* operator new(std::size_t size) { return Counted(size, alignof(std::max_align_t)); }
void* operator new[](std::size_t size) { return Counted(size, alignof(std::max_align_t)); }
void* operator new(std::size_t size, std::align_val_t alignment) {
  return Counted(size, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
  return Counted(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept { Free(memory); }
void operator delete[](void* memory) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { Free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { Free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { Free(memory); }

namespace r1zero {
namespace {

constexpr int kSteps = 500, kPromptTokens = 10;

// A decoder under which the end token is never drawn.
class EndlessDecoder final : public WrappedDecoder {
 public:
  using WrappedDecoder::WrappedDecoder;
  void Forward(std::span<const DecoderInput> batch, float* logits_BV) override {
    WrappedDecoder::Forward(batch, logits_BV);
    for (const DecoderInput& input : batch)
      if (input.wants_logits) {
        logits_BV[config().eos_tokens.front()] = -1e30f;
        logits_BV += config().vocab_size;
      }
  }
};

struct Setting {
  std::string name;
  int groups = 1, group_size = 1;
  float temperature = 1, repetition_penalty = 1;
  ModelFamily family = ModelFamily::kLlama;
  kernels::Storage storage = kernels::Storage::kFloat32;
  int sequences() const { return groups * group_size; }
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

ModelConfig LongPolicy(ModelFamily family) {
  ModelConfig policy = TestPolicy();
  policy.family = family;
  policy.max_positions = kPromptTokens + kSteps + 10;
  return policy;
}

Lease EndlessLease(int64_t ordinal, const Setting& setting) {
  Lease lease{.id = static_cast<uint64_t>(ordinal)};
  lease.prompt.ordinal = ordinal;
  for (int i = 0; i < kPromptTokens; ++i) lease.prompt.tokens.push_back(2 + (ordinal + i) % 20);
  lease.sampling.group_size = setting.group_size;
  lease.sampling.temperature = setting.temperature;
  lease.sampling.repetition_penalty = setting.repetition_penalty;
  lease.sampling.max_total_tokens = kPromptTokens + kSteps + 10;
  lease.sampling.stop = {"<this is never said>", "<nor this>"};
  return lease;
}

std::unique_ptr<Engine> EndlessEngine(const Setting& setting) {
  const EngineConfig config{.max_sequences = setting.sequences()};
  const ModelConfig policy = LongPolicy(setting.family);
  auto decoder = MakeCpuDecoder(policy, NumKvBlocks(config, policy.max_positions),
                                MaxBatchTokens(config), setting.storage);
  auto engine =
      std::make_unique<Engine>(std::make_unique<EndlessDecoder>(std::move(decoder)), config);
  engine->SetWeights(std::make_shared<Weights>(InitWeights(policy, 3)));
  engine->SetTokenTexts(std::vector<std::string>(policy.vocab_size, "a"));
  for (int i = 0; i < setting.groups; ++i) engine->Add(EndlessLease(i, setting));
  return engine;
}

class Allocations : public testing::TestWithParam<Setting> {};

TEST_P(Allocations, AreNoneInADecodeStep) {
  const Setting& setting = GetParam();
  const auto engine = EndlessEngine(setting);
  const int64_t before_prefill = allocations;
  engine->Step();
  EXPECT_GT(allocations - before_prefill, 0) << "a prefill allocates: or nothing is counted";
  for (int step = 0; step < kSteps; ++step) {
    const int64_t before = allocations;
    const std::vector<Group> finished = engine->Step();
    ASSERT_EQ(allocations - before, 0) << "step " << step;
    ASSERT_TRUE(finished.empty());
  }
  EXPECT_EQ(engine->tokens_sampled(), setting.sequences() * (kSteps + 1));
}

// A short prompt of many completions: the step that prefills has fewer rows than those that decode.
INSTANTIATE_TEST_SUITE_P(Sequences, Allocations,
                         testing::Values(Setting{"OneGreedy", 1, 1, 0}, Setting{"One"},
                                         Setting{"Eight", 8}, Setting{"ManyGreedy", 64, 1, 0},
                                         Setting{"Many", 64}, Setting{"OneGroup", 1, 32},
                                         Setting{"Penalised", 8, 4, 1, 1.2f},
                                         Setting{"QwenTwo", 2, 16, 1, 1, ModelFamily::kQwen2},
                                         Setting{"QwenThree", 2, 16, 1, 1, ModelFamily::kQwen3},
                                         Setting{"InBfloat16", 2, 16, 1, 1, ModelFamily::kLlama,
                                                 kernels::Storage::kBfloat16},
                                         Setting{"QwenThreePenalisedInBfloat16", 8, 4, 1, 1.2f,
                                                 ModelFamily::kQwen3, kernels::Storage::kBfloat16}),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace r1zero
