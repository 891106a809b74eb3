// Samples groups on engines in threads, without a ring: for eval and sample.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "rollout/group.h"
#include "services/sampling_model.h"

namespace r1zero {

// One engine a thread; all share the weights. The tokens of a group are a function of (weights, seed,
// the prompt's ordinal), whatever the number of threads (docs/numerics.md).
class GroupSampler {
 public:
  // Starts at once. `sampling`: its max_total_tokens is set for each prompt so that a completion has
  // up to `max_tokens`. `take` gets each group as it is done, in any order, one at a time, from the
  // threads, and says whether to go on. The prompts must outlive this. The weights as they were read
  // are kept only until every engine has packed its own.
  GroupSampler(const SamplingModel& model, std::span<const Prompt> prompts,
               const SamplingParams& sampling, int64_t max_tokens, int threads,
               std::function<bool(Group)> take);
  ~GroupSampler();  // stops, dropping the groups under way

  // True once all prompts are done or the threads have stopped. Waits up to `most` for it. Throws
  // what a thread threw.
  bool Wait(std::chrono::milliseconds most);
  void Stop() { stop_ = true; }

  int64_t tokens_sampled() const { return tokens_; }

 private:
  void RunOne(int engines);
  void Run(int engines);
  bool StartNext(Engine& engine, int engines);

  SamplingModel model_;
  const std::span<const Prompt> prompts_;
  const SamplingParams sampling_;
  const int64_t max_tokens_;
  const std::function<bool(Group)> take_;

  std::atomic<int> engines_to_make_;
  std::atomic<size_t> next_{0};
  std::atomic<bool> stop_{false};
  std::atomic<int64_t> tokens_{0};
  std::mutex mutex_;  // of take_, running_ and failure_
  std::condition_variable ended_;
  int running_ = 0;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace r1zero
