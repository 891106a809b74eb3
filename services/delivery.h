// Finished groups on their way: score, then submit, while the engine goes on decoding.
//
// A bounded number is under way; one more makes Deliver wait (back-pressure), so that a slow reward
// service or learner slows the worker down instead of filling its memory.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <utility>

#include "services/reward_client.h"
#include "services/training_client.h"

namespace r1zero {

class Delivery {
 public:
  Delivery(TrainingClient& learner, RewardClient& reward, IoScope& scope,
           std::function<bool()> stop, int64_t max_under_way = 64);
  ~Delivery();  // closes the scope, in which its groups are

  // Takes the group, for which the engine has worked so long; throws what failed in the background
  // before.
  void Deliver(Group group, double engine_seconds = 0);
  // Waits until nothing is under way, something failed (thrown here), or `stop` says so.
  void Flush();

 private:
  asio::awaitable<void> Carry(Group group, double engine_seconds);
  void GiveBack(const Group& group);
  void WaitUntilUnderWay(int64_t at_most);

  TrainingClient& learner_;
  RewardClient& reward_;
  IoScope& scope_;
  std::function<bool()> stop_;
  const int64_t max_under_way_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  int64_t under_way_ = 0;
  std::map<std::pair<PromptUse, int64_t>, int> given_back_;  // how often, by prompt
};

}  // namespace r1zero
