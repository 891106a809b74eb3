#include "rollout/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "common/error.h"
#include "policy/word_tokenizer.h"
#include "tests/rollout/test_leases.h"

namespace r1zero {
namespace {

WordTokenizer LetterTokenizer() {
  std::vector<std::string> words = {"<pad>", "<eos>"};
  for (char c = 'a'; words.size() < 23; ++c) words.emplace_back(1, c);
  return WordTokenizer(words, 0, 1);
}

// A learner that issues batches of prompts, the next one under new weights when the last group of
// the batch before is back.
class FakeLearner {
 public:
  FakeLearner(int batches, int prompts, int32_t group_size)
      : batches_(batches), prompts_(prompts), group_size_(group_size) {
    Issue();
  }

  WorkerPorts Ports() {
    WorkerPorts ports;
    ports.lease = [this](int64_t max_prompts, std::chrono::milliseconds) {
      LeaseReply reply;
      while (!open_.empty() && static_cast<int64_t>(reply.leases.size()) < max_prompts) {
        reply.leases.push_back(open_.front());
        open_.pop_front();
      }
      reply.run_over = batch_ > batches_;
      return reply;
    };
    ports.fetch_weights = [this](int64_t version) {
      fetched.push_back(version);
      return TestWeights(version);
    };
    ports.deliver = [this](Group group) {
      const int64_t ordinal = group.prompt.ordinal;
      EXPECT_TRUE(groups.emplace(ordinal, std::move(group)).second) << ordinal;
      if (groups.size() == static_cast<size_t>(batch_) * prompts_) Issue();
    };
    ports.flush = [this] { ++flushes; };
    ports.stop = [] { return false; };
    return ports;
  }

  std::map<int64_t, Group> groups;
  std::vector<int64_t> fetched;
  int flushes = 0;

 private:
  void Issue() {
    if (++batch_ > batches_) return;
    for (int i = 0; i < prompts_; ++i)
      open_.push_back(TestLease((batch_ - 1) * prompts_ + i, group_size_, batch_));
  }

  int batches_, prompts_;
  int32_t group_size_;
  int batch_ = 0;
  std::deque<Lease> open_;
};

TEST(RunWorker, ReturnsEveryGroupSampledUnderTheVersionOfItsLease) {
  FakeLearner learner(/*batches=*/3, /*prompts=*/10, /*group_size=*/4);
  auto engine = TestEngine({.max_sequences = 16, .max_prefill_tokens = 50}, -1);
  const WordTokenizer tokenizer = LetterTokenizer();
  RunWorker(*engine, tokenizer, learner.Ports());
  ASSERT_EQ(learner.groups.size(), 30);
  for (const auto& [ordinal, group] : learner.groups) {
    EXPECT_EQ(group.policy_version, 1 + ordinal / 10);
    EXPECT_EQ(group.lease_id, TestLease(ordinal).id);
    auto alone = TestEngine({}, group.policy_version);
    alone->Add(TestLease(ordinal, 4, group.policy_version));
    std::vector<Group> expected;
    while (expected.empty()) expected = alone->Step();
    for (int i = 0; i < 4; ++i) {
      EXPECT_EQ(group.completions[i].tokens, expected[0].completions[i].tokens);
      EXPECT_EQ(group.completions[i].text, tokenizer.Decode(group.completions[i].tokens));
    }
  }
  EXPECT_EQ(learner.fetched, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(learner.flushes, 1);
}

TEST(RunWorker, EndsACompletionAtTheStopStringOfItsLease) {
  FakeLearner learner(/*batches=*/1, /*prompts=*/10, /*group_size=*/4);
  WorkerPorts ports = learner.Ports();
  ports.lease = [lease = ports.lease](int64_t max_prompts, std::chrono::milliseconds wait) {
    LeaseReply reply = lease(max_prompts, wait);
    for (Lease& l : reply.leases) l.sampling.stop = {"c"};
    return reply;
  };
  auto engine = TestEngine({.max_sequences = 16}, -1);
  RunWorker(*engine, LetterTokenizer(), ports);
  int ended = 0;
  for (const auto& [ordinal, group] : learner.groups)
    for (const Completion& completion : group.completions) {
      const bool by_text = completion.finish_reason == FinishReason::kStopString;
      EXPECT_EQ(completion.text.find('c'),
                by_text ? completion.text.size() - 1 : std::string::npos);
      ended += by_text;
    }
  EXPECT_GT(ended, 5);
}

TEST(RunWorker, WaitsForLeasesOnlyWhenIdleAndAsksForWhatFits) {
  FakeLearner learner(2, 10, 4);
  auto engine = TestEngine({.max_sequences = 16, .max_prefill_tokens = 50}, -1);
  WorkerPorts ports = learner.Ports();
  int waited = 0, polled = 0;
  ports.lease = [&, lease = ports.lease](int64_t max_prompts, std::chrono::milliseconds wait) {
    EXPECT_EQ(wait.count() > 0, engine->idle());
    const bool is_first = waited == 0;  // the worker cannot know the size of groups yet
    ++(wait.count() > 0 ? waited : polled);
    EXPECT_GE(max_prompts, 1);
    EXPECT_LE(max_prompts, is_first ? 16 : (16 - engine->num_sequences()) / 4);
    return lease(max_prompts, wait);
  };
  RunWorker(*engine, LetterTokenizer(), ports);
  EXPECT_GE(waited, 3);  // before each batch and at the end
  EXPECT_GE(polled, 2);
}

TEST(RunWorker, AsksForNoMorePromptsThanTheKvBlocksCanStart) {
  constexpr int64_t kBlocks = 14;
  FakeLearner learner(2, 20, 4);
  auto engine = TestEngine({.max_sequences = 256, .kv_blocks = kBlocks}, -1);
  WorkerPorts ports = learner.Ports();
  int64_t asked = 0;
  ports.lease = [&, lease = ports.lease](int64_t max_prompts, std::chrono::milliseconds wait) {
    // Each of the 4 samples has a block of its own, at least.
    EXPECT_LE(max_prompts, engine->num_free_blocks() / 4);
    ++asked;
    return lease(max_prompts, wait);
  };
  RunWorker(*engine, LetterTokenizer(), ports);
  EXPECT_EQ(learner.groups.size(), 40);
  EXPECT_GT(asked, 20);
}

TEST(RunWorker, AsksForOnePromptUntilItKnowsWhatGroupsAreLike) {
  FakeLearner learner(1, 10, 4);
  auto engine = TestEngine({.max_sequences = 64}, -1);
  WorkerPorts ports = learner.Ports();
  std::vector<int64_t> asked;
  ports.lease = [&, lease = ports.lease](int64_t max_prompts, std::chrono::milliseconds wait) {
    asked.push_back(max_prompts);
    return lease(max_prompts, wait);
  };
  RunWorker(*engine, LetterTokenizer(), ports);
  EXPECT_EQ(asked[0], 1);
  EXPECT_GE(asked[1], 15) << "after one step";
}

TEST(RunWorker, KeepsLeasesOfNewerWeightsUntilTheEngineIsIdle) {
  auto engine = TestEngine({.max_sequences = 64, .max_prefill_tokens = 500}, -1);
  std::deque<std::vector<Lease>> replies;
  replies.push_back(
      {TestLease(8, 4, 1), TestLease(7, 4, 2), TestLease(6, 4, 2), TestLease(5, 4, 1)});
  std::map<int64_t, int64_t> versions;
  WorkerPorts ports;
  ports.lease = [&](int64_t, std::chrono::milliseconds) {
    LeaseReply reply{.run_over = replies.empty() && versions.size() == 4};
    if (!replies.empty()) reply.leases = replies.front(), replies.pop_front();
    return reply;
  };
  ports.fetch_weights = [&](int64_t version) {
    EXPECT_TRUE(engine->idle());
    return TestWeights(version);
  };
  ports.deliver = [&](Group group) { versions[group.prompt.ordinal] = group.policy_version; };
  ports.flush = [] {};
  ports.stop = [] { return false; };
  RunWorker(*engine, LetterTokenizer(), ports);
  // The last one names the first version, but the newer weights are there when its turn comes.
  EXPECT_EQ(versions, (std::map<int64_t, int64_t>{{8, 1}, {7, 2}, {6, 2}, {5, 2}}));
}

TEST(RunWorker, StopsWhenAskedAndFlushesWhatIsDone) {
  FakeLearner learner(1, 40, 4);
  auto engine = TestEngine({.max_sequences = 16, .max_prefill_tokens = 50}, -1);
  WorkerPorts ports = learner.Ports();
  ports.stop = [&] { return learner.groups.size() >= 5; };
  RunWorker(*engine, LetterTokenizer(), ports);
  EXPECT_GE(learner.groups.size(), 5);
  EXPECT_LT(learner.groups.size(), 40);
  EXPECT_EQ(learner.flushes, 1);
}

TEST(RunWorker, ThrowsWhatAPortThrows) {
  for (const int port : {0, 1, 2}) {
    FakeLearner learner(1, 2, 2);
    WorkerPorts ports = learner.Ports();
    if (port == 0) ports.lease = [](auto...) -> LeaseReply { throw Error("the learner is gone"); };
    if (port == 1)
      ports.fetch_weights = [](auto) -> std::shared_ptr<const Weights> {
        throw Error("the learner is gone");
      };
    if (port == 2) ports.deliver = [](Group) { throw Error("the learner is gone"); };
    auto engine = TestEngine({}, -1);
    EXPECT_THAT([&] { RunWorker(*engine, LetterTokenizer(), ports); },
                testing::ThrowsMessage<Error>("the learner is gone"));
  }
}

TEST(RunWorker, RefusesOlderWeightsThanItAskedFor) {
  FakeLearner learner(1, 2, 2);
  WorkerPorts ports = learner.Ports();
  ports.fetch_weights = [](int64_t version) { return TestWeights(version - 1); };
  auto engine = TestEngine({}, -1);
  EXPECT_THROW(RunWorker(*engine, LetterTokenizer(), ports), Error);
}

}  // namespace
}  // namespace r1zero
