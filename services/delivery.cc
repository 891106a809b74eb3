#include "services/delivery.h"

#include <memory>

#include "common/error.h"
#include "common/log.h"

namespace r1zero {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};  // how often a wait looks for `stop` and failures
constexpr int kMostTimesGivenBack = 3;          // then the prompt itself is what the rules fail on

}  // namespace

Delivery::Delivery(TrainingClient& learner, RewardClient& reward, IoScope& scope,
                   std::function<bool()> stop, int64_t max_under_way)
    : learner_(learner),
      reward_(reward),
      scope_(scope),
      stop_(std::move(stop)),
      max_under_way_(max_under_way) {}

Delivery::~Delivery() { scope_.Close(); }

void Delivery::Deliver(Group group, double engine_seconds) {
  WaitUntilUnderWay(max_under_way_ - 1);
  {
    const std::lock_guard lock(mutex_);
    ++under_way_;
  }
  scope_.Spawn(Carry(std::move(group), engine_seconds));
}

void Delivery::Flush() { WaitUntilUnderWay(0); }

asio::awaitable<void> Delivery::Carry(Group group, double engine_seconds) {
  const auto arrive = [this](void*) {
    const std::lock_guard lock(mutex_);
    --under_way_;
    arrived_.notify_all();
  };
  const std::unique_ptr<void, decltype(arrive)> at_the_end(this, arrive);
  const auto start = Clock::now();
  if (co_await reward_.Score(group, learner_.SeedOf(group.lease_id))) {
    const double reward_s = std::chrono::duration<double>(Clock::now() - start).count();
    co_await learner_.Submit(group, {.engine_s = engine_seconds, .reward_s = reward_s});
  } else {
    GiveBack(group);
  }
}

void Delivery::GiveBack(const Group& group) {
  learner_.GiveBack(group.lease_id);
  const int times = ++given_back_[{group.prompt.use, group.prompt.ordinal}];
  LogWarning("gave prompt ", group.prompt.ordinal, " back: the reward service could not score it");
  Require(times < kMostTimesGivenBack, "the reward service has failed on prompt ",
          group.prompt.ordinal, " ", times, " times; its log says why");
}

void Delivery::WaitUntilUnderWay(int64_t at_most) {
  std::unique_lock lock(mutex_);
  while (under_way_ > at_most && !scope_.failed() && !stop_()) arrived_.wait_for(lock, kLook);
  scope_.RethrowFailure();
}

}  // namespace r1zero
