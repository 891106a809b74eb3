// The decode step allocates nothing. Its own program: it replaces operator new.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <tuple>

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

ModelConfig LongPolicy() {
  ModelConfig policy = TestPolicy();
  policy.max_positions = kPromptTokens + kSteps + 10;
  return policy;
}

Lease EndlessLease(int64_t ordinal, int group_size, float temperature) {
  Lease lease{.id = static_cast<uint64_t>(ordinal)};
  lease.prompt.ordinal = ordinal;
  for (int i = 0; i < kPromptTokens; ++i) lease.prompt.tokens.push_back(2 + (ordinal + i) % 20);
  lease.sampling.group_size = group_size;
  lease.sampling.temperature = temperature;
  lease.sampling.max_total_tokens = kPromptTokens + kSteps + 10;
  lease.sampling.stop = {"<this is never said>", "<nor this>"};
  return lease;
}

// Groups, completions of each, temperature.
class Allocations : public testing::TestWithParam<std::tuple<int, int, float>> {};

TEST_P(Allocations, AreNoneInADecodeStep) {
  const auto [groups, group_size, temperature] = GetParam();
  const int sequences = groups * group_size;
  const EngineConfig config{.max_sequences = sequences};
  const ModelConfig policy = LongPolicy();
  Engine engine(std::make_unique<EndlessDecoder>(MakeCpuDecoder(
                    policy, NumKvBlocks(config, policy.max_positions), MaxBatchTokens(config))),
                config);
  engine.SetWeights(std::make_shared<Weights>(InitWeights(policy, 3)));
  engine.SetTokenTexts(std::vector<std::string>(policy.vocab_size, "a"));
  for (int i = 0; i < groups; ++i) engine.Add(EndlessLease(i, group_size, temperature));
  engine.Step();  // prefill
  for (int step = 0; step < kSteps; ++step) {
    const int64_t before = allocations;
    const std::vector<Group> finished = engine.Step();
    ASSERT_EQ(allocations - before, 0) << "step " << step;
    ASSERT_TRUE(finished.empty());
  }
  EXPECT_EQ(engine.tokens_sampled(), sequences * (kSteps + 1));
}

// A short prompt of many completions: the step that prefills has fewer rows than those that decode.
INSTANTIATE_TEST_SUITE_P(Sequences, Allocations,
                         testing::Values(std::tuple(1, 1, 0.0f), std::tuple(1, 1, 1.0f),
                                         std::tuple(8, 1, 1.0f), std::tuple(64, 1, 0.0f),
                                         std::tuple(64, 1, 1.0f), std::tuple(1, 32, 1.0f)));

}  // namespace
}  // namespace r1zero
