// Real workers, real services, a learner that trains nothing.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "common/error.h"
#include "rollout/worker.h"
#include "services/scoring.h"
#include "services/worker_session.h"
#include "tests/services/test_ring.h"
#include "tests/services/wire.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class WorkerThread {
 public:
  WorkerThread(const std::string& learner, const std::string& reward, const std::string& name,
               std::chrono::milliseconds patience = 5s)
      : done_(std::async(std::launch::async, [=, this] {
          Work({.learner = learner,
                .reward = reward,
                .name = name,
                .patience = patience,
                .stop = [this] { return stop_.load(); }});
        })) {}
  ~WorkerThread() { stop_ = true; }
  void Join() { done_.get(); }  // throws what the worker threw

 private:
  std::atomic<bool> stop_{false};
  std::future<void> done_;
};

// The same prompts in one process, without gRPC.
std::vector<Group> InOneProcess(int64_t count, int64_t version) {
  GroupBuffer buffer({.vocab_size = 12});
  const Rubric rubric(TestRubric());
  const EngineConfig config{.max_sequences = 16, .max_prefill_tokens = 64};
  Engine engine(MakeCpuDecoder(TinyModel(), NumKvBlocks(config, 24), MaxBatchTokens(config)),
                config);
  const WordTokenizer tokenizer = DigitTokenizer();
  buffer.Issue(DigitPrompts(0, count), TestSampling(), version);
  int64_t delivered = 0;
  RunWorker(engine, tokenizer,
            {.lease =
                 [&](int64_t prompts, auto wait) {
                   return LeaseReply{.leases = *buffer.LeasePrompts("me", prompts, wait)};
                 },
             .fetch_weights = [](int64_t wanted) { return RandomWeights(wanted); },
             .deliver =
                 [&](Group group) {
                   ScoreGroup(group, TestSampling().seed, rubric);
                   EXPECT_EQ(buffer.Submit("me", std::move(group)), SubmitVerdict::kAccepted);
                   ++delivered;
                 },
             .flush = [] {},
             .stop = [&] { return delivered == count; }});
  return *buffer.Take();
}

void ExpectSameBits(const std::vector<Group>& a, const std::vector<Group>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].prompt.ordinal, b[i].prompt.ordinal);
    EXPECT_EQ(a[i].policy_version, b[i].policy_version);
    ASSERT_EQ(a[i].completions.size(), b[i].completions.size());
    for (size_t j = 0; j < a[i].completions.size(); ++j) {
      const Completion &x = a[i].completions[j], &y = b[i].completions[j];
      EXPECT_EQ(x.tokens, y.tokens);
      EXPECT_EQ(x.logprobs, y.logprobs);
      EXPECT_EQ(x.text, y.text);
      EXPECT_EQ(x.reward, y.reward);
      EXPECT_EQ(x.finish_reason, y.finish_reason);
    }
  }
}

TEST(Ring, TwoWorkersGiveTheBitsOfOneProcessOverEachTransport) {
  const TestFolder folder;
  for (const bool unix_sockets : {false, true}) {
    FakeLearner learner(unix_sockets ? folder.Socket("learner") : "127.0.0.1:0");
    FakeReward reward(unix_sockets ? folder.Socket("reward") : "127.0.0.1:0");
    WorkerThread one(learner.address(), reward.address(), "one");
    WorkerThread two(learner.address(), reward.address(), "two");
    for (const int64_t version : {0, 1}) {
      learner.Issue(0, 12, version);
      ExpectSameBits(*learner.buffer.Take(), InOneProcess(12, version));
    }
    learner.buffer.Finish();
    one.Join();
    two.Join();
  }
}

TEST(Ring, ThePromptsOfAWorkerThatDiesAreDoneByAnother) {
  FakeLearner learner("127.0.0.1:0", 1, /*lease_time=*/200ms);
  FakeReward reward;
  learner.Issue(0, 6);
  ASSERT_FALSE(learner.buffer.LeasePrompts("dies", 3, 0ms)->empty());  // and is not heard of again
  WorkerThread lives(learner.address(), reward.address(), "lives");
  ExpectSameBits(*learner.buffer.Take(), InOneProcess(6, 0));
  learner.buffer.Finish();
  lives.Join();
}

TEST(Ring, AWorkerThatIsStoppedGivesItsPromptsBack) {
  FakeLearner learner;
  FakeReward reward;
  std::optional<WorkerThread> stopped(std::in_place, learner.address(), reward.address(),
                                      "stopped");
  while (learner.buffer.live_workers() == 0) std::this_thread::sleep_for(1ms);
  learner.Issue(0, 40);
  stopped.reset();
  EXPECT_EQ(learner.buffer.live_workers(), 0);
  WorkerThread next(learner.address(), reward.address(), "next");
  ExpectSameBits(*learner.buffer.Take(), InOneProcess(40, 0));
  learner.buffer.Finish();
  next.Join();
}

TEST(Ring, WorkersJoinAgainWhenTheLearnerIsRestarted) {
  const TestFolder folder;
  FakeReward reward;
  auto learner = std::make_unique<FakeLearner>(folder.Socket("learner"), /*epoch=*/1, 200ms);
  WorkerThread worker(learner->address(), reward.address(), "worker");
  while (learner->buffer.live_workers() == 0) std::this_thread::sleep_for(1ms);
  learner->server.reset();  // a crash: nobody is told that the run is over
  FakeLearner restarted(folder.Socket("learner"), /*epoch=*/2, 200ms);
  restarted.Issue(0, 4);
  ExpectSameBits(*restarted.buffer.Take(), InOneProcess(4, 0));
  restarted.buffer.Finish();
  worker.Join();
}

TEST(Ring, GoesOnWhenTheRewardServiceIsRestarted) {
  const TestFolder folder;
  FakeLearner learner;
  auto reward = std::make_unique<FakeReward>(folder.Socket("reward"));
  WorkerThread worker(learner.address(), reward->address(), "worker");
  while (learner.buffer.live_workers() == 0) std::this_thread::sleep_for(1ms);
  reward.reset();
  learner.Issue(0, 6);
  std::this_thread::sleep_for(100ms);
  const FakeReward restarted(folder.Socket("reward"));
  ExpectSameBits(*learner.buffer.Take(), InOneProcess(6, 0));
  learner.buffer.Finish();
  worker.Join();
}

TEST(Ring, AWorkerSaysWhichPeerDoesNotAnswer) {
  FakeLearner learner;
  WorkerThread no_learner("127.0.0.1:1", "127.0.0.1:1", "w", 200ms);
  WorkerThread no_reward(learner.address(), "127.0.0.1:1", "w", 200ms);
  const auto message = [](WorkerThread& worker) {
    try {
      worker.Join();
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  EXPECT_THAT(message(no_learner), HasSubstr("learner 127.0.0.1:1"));
  EXPECT_THAT(message(no_reward), HasSubstr("reward service 127.0.0.1:1"));
}

}  // namespace
}  // namespace r1zero
