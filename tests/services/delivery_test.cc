#include "services/delivery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <future>

#include "common/error.h"
#include "services/worker_session.h"
#include "tests/services/bad_reward.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::ThrowsMessage;

const std::function<bool()> kNeverStop = [] { return false; };

void RunOneWorker(const std::string& learner, const std::string& reward) {
  Work({.learner = learner,
        .reward = reward,
        .name = "worker",
        .patience = 10s,
        .stop = kNeverStop});
}

TEST(Delivery, AGroupThatCouldNotBeScoredIsDoneAgain) {
  FakeLearner learner;
  BadReward reward(BadReward::Way::kWrongCount, /*bad_calls=*/3);  // one group's attempts
  learner.Issue(0, 1);
  auto worker = std::async(std::launch::async, RunOneWorker, learner.address(), reward.address());
  const auto groups = learner.buffer.Take();
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_EQ(reward.calls(), 4);
  for (const Completion& completion : (*groups)[0].completions)
    EXPECT_EQ(completion.parts.size(), TestRubric().weights.size());
  learner.buffer.Finish();
  worker.get();
}

TEST(Delivery, APromptThatTheRulesKeepFailingOnIsAnErrorAndNeverScoredZero) {
  FakeLearner learner;
  BadReward reward(BadReward::Way::kNan, /*bad_calls=*/1000);
  learner.Issue(5, 1);
  EXPECT_THAT([&] { RunOneWorker(learner.address(), reward.address()); },
              ThrowsMessage<Error>(HasSubstr("has failed on prompt 5 3 times")));
  EXPECT_EQ(reward.calls(), 9);
  EXPECT_THAT(learner.buffer.Describe(), HasSubstr("waits for 1 of 1 groups"));
}

// Counts how many calls are under way at once.
class SlowReward final : public v1::Reward::Service {
 public:
  grpc::Status Score(grpc::ServerContext* context, const v1::ScoreRequest* request,
                     v1::ScoreReply* reply) override {
    const int now = ++under_way_;
    for (int most = most_; now > most && !most_.compare_exchange_weak(most, now);) {
    }
    std::this_thread::sleep_for(5ms);
    const grpc::Status status = good_.Score(context, request, reply);
    --under_way_;
    return status;
  }
  int most_under_way() const { return most_; }

 private:
  RewardService good_;
  std::atomic<int> under_way_{0}, most_{0};
};

Group AnyAnswer(const Lease& lease) {
  Group group{.lease_id = lease.id, .policy_version = lease.policy_version, .prompt = lease.prompt};
  for (int i = 0; i < lease.sampling.group_size; ++i)
    group.completions.push_back({.tokens = {5, 1},
                                 .logprobs = {-1, -1},
                                 .versions = {{0, lease.policy_version}},
                                 .text = "3"});
  return group;
}

TEST(Delivery, HasNoMoreUnderWayThanItMay) {
  FakeLearner learner;
  SlowReward reward;
  const Server server({}, {&reward});
  learner.Issue(0, 12);
  IoScope scope;
  TrainingClient client({.role = "learner", .address = learner.address()}, "w", kNeverStop, scope);
  const RunTerms& terms = client.Join();
  RewardClient rules({.role = "reward service", .address = server.address()},
                     {.rubric = terms.reward}, scope);
  Delivery delivery(client, rules, scope, kNeverStop, /*max_under_way=*/2);
  for (int64_t delivered = 0; delivered < 12;) {
    for (const Lease& lease : client.LeasePrompts(12, 1s).leases) {
      delivery.Deliver(AnyAnswer(lease));
      ++delivered;
    }
  }
  delivery.Flush();
  EXPECT_EQ(learner.buffer.Take()->size(), 12u);
  EXPECT_THAT(reward.most_under_way(), Le(2));
}

}  // namespace
}  // namespace r1zero
