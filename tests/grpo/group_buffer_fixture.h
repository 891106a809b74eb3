// A buffer under a clock that the test moves, with prompts for it and groups that answer them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "grpo/group_buffer.h"

namespace r1zero {

inline constexpr int32_t kVocab = 20;
inline constexpr int32_t kEos = 1;

class FakeClock {
 public:
  void Advance(std::chrono::milliseconds by) { now_ += by; }
  std::function<std::chrono::steady_clock::time_point()> now() {
    return [this] { return now_; };
  }

 private:
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

inline std::vector<Prompt> Prompts(int64_t first, int64_t count) {
  std::vector<Prompt> prompts;
  for (int64_t i = first; i < first + count; ++i)
    prompts.push_back({PromptUse::kTraining, i, "text", "gold", {5, 6, 7}});
  return prompts;
}

inline SamplingParams Sampling() { return {.group_size = 2, .max_total_tokens = 8}; }

inline Group Answer(const Lease& lease) {
  Group group{lease.id, lease.policy_version, lease.prompt, {}};
  group.prompt.text.clear();  // does not travel back
  for (int32_t i = 0; i < lease.sampling.group_size; ++i) {
    Completion completion;
    completion.tokens = {4, 9, kEos};
    completion.logprobs = {-0.5f, -1.0f, 0.0f};
    completion.versions = {{.first_token = 0, .policy_version = lease.policy_version}};
    completion.reward = i;
    group.completions.push_back(completion);
  }
  return group;
}

class GroupBufferTest : public ::testing::Test {
 protected:
  std::vector<Lease> LeaseNow(const std::string& worker, int64_t max_prompts = 100) {
    return *buffer_.LeasePrompts(worker, max_prompts, std::chrono::milliseconds(0));
  }
  void SubmitAll(const std::string& worker, const std::vector<Lease>& leases) {
    for (const Lease& lease : leases)
      EXPECT_EQ(buffer_.Submit(worker, Answer(lease)), SubmitVerdict::kAccepted);
  }

  FakeClock clock_;
  GroupBuffer buffer_{{.lease_time = std::chrono::seconds(10),
                       .vocab_size = kVocab,
                       .eos_tokens = {kEos},
                       .now = clock_.now()}};
};

}  // namespace r1zero
