#include "grpo/group_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <limits>
#include <random>
#include <set>
#include <thread>

#include "common/error.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::ThrowsMessage;

constexpr int32_t kVocab = 20;
constexpr int32_t kEos = 1;

class FakeClock {
 public:
  void Advance(std::chrono::milliseconds by) { now_ += by; }
  std::function<std::chrono::steady_clock::time_point()> now() {
    return [this] { return now_; };
  }

 private:
  std::chrono::steady_clock::time_point now_{1h};
};

std::vector<Prompt> Prompts(int64_t first, int64_t count) {
  std::vector<Prompt> prompts;
  for (int64_t i = first; i < first + count; ++i)
    prompts.push_back({PromptUse::kTraining, i, "text", "gold", {5, 6, 7}});
  return prompts;
}

SamplingParams Sampling() { return {.group_size = 2, .max_total_tokens = 8}; }

Group Answer(const Lease& lease) {
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
    return *buffer_.LeasePrompts(worker, max_prompts, 0ms);
  }
  void SubmitAll(const std::string& worker, const std::vector<Lease>& leases) {
    for (const Lease& lease : leases)
      EXPECT_EQ(buffer_.Submit(worker, Answer(lease)), SubmitVerdict::kAccepted);
  }

  FakeClock clock_;
  GroupBuffer buffer_{
      {.lease_time = 10s, .vocab_size = kVocab, .eos_tokens = {kEos}, .now = clock_.now()}};
};

TEST_F(GroupBufferTest, GivesBackTheGroupsInTheOrderIssued) {
  buffer_.Issue(Prompts(40, 3), Sampling(), 7);
  auto leases = LeaseNow("w");
  ASSERT_THAT(leases, SizeIs(3));
  EXPECT_EQ(leases[1].policy_version, 7);
  std::swap(leases[0], leases[2]);
  SubmitAll("w", leases);
  const auto groups = buffer_.Take();
  ASSERT_THAT(*groups, SizeIs(3));
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*groups)[i].prompt.ordinal, 40 + i);
    EXPECT_EQ((*groups)[i].prompt.text, "text");  // that which was issued
  }
}

TEST_F(GroupBufferTest, SharesPromptsFairlyAmongLiveWorkers) {
  for (const char* worker : {"a", "b", "c"}) LeaseNow(worker);
  buffer_.Issue(Prompts(0, 16), Sampling(), 0);
  EXPECT_THAT(LeaseNow("a"), SizeIs(6));
  EXPECT_THAT(LeaseNow("a"), IsEmpty());  // it holds its share
  EXPECT_THAT(LeaseNow("b"), SizeIs(6));
  EXPECT_THAT(LeaseNow("c"), SizeIs(4));
}

TEST_F(GroupBufferTest, NamesThatDoNotTakePartGetNoShare) {
  for (int i = 0; i < 9; ++i) buffer_.Heartbeat("beats-" + std::to_string(i));
  for (int i = 0; i < 9; ++i) LeaseNow("asked-once-" + std::to_string(i));
  clock_.Advance(6s);
  LeaseNow("a");
  LeaseNow("b");
  buffer_.Issue(Prompts(0, 16), Sampling(), 0);
  EXPECT_THAT(LeaseNow("a"), SizeIs(8));
  clock_.Advance(6s);  // "a" asks no more: it is at work, and "b" has not asked for as long
  buffer_.Heartbeat("a");
  EXPECT_THAT(LeaseNow("b"), SizeIs(8));
}

TEST_F(GroupBufferTest, CountsAWorkerThatBroughtAGroupThoughItHadNoRoomToAsk) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  const auto leases = LeaseNow("busy");
  clock_.Advance(8s);
  SubmitAll("busy", leases);
  buffer_.Take();
  buffer_.Issue(Prompts(1, 16), Sampling(), 1);
  EXPECT_THAT(LeaseNow("idle"), SizeIs(8));
}

TEST_F(GroupBufferTest, ForgetsAWorkerThatWasNotHeardOfForThreeLeaseTimes) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  for (int i = 0; i < 3; ++i) {
    Group group = Answer(LeaseNow("liar")[0]);
    group.completions.pop_back();
    buffer_.Submit("liar", group);
  }
  EXPECT_THAT(buffer_.Describe(), HasSubstr("liar gets no more prompts"));
  clock_.Advance(31s);
  buffer_.Heartbeat("other");
  EXPECT_THAT(buffer_.Describe(), ::testing::Not(HasSubstr("liar")));
}

TEST_F(GroupBufferTest, LeasesNoMoreThanAsked) {
  buffer_.Issue(Prompts(0, 16), Sampling(), 0);
  EXPECT_THAT(LeaseNow("a", 5), SizeIs(5));
}

TEST_F(GroupBufferTest, GivesTheLeasesOfASilentWorkerToAnother) {
  buffer_.Issue(Prompts(0, 2), Sampling(), 0);
  EXPECT_THAT(LeaseNow("dies"), SizeIs(2));
  clock_.Advance(9s);
  EXPECT_THAT(LeaseNow("lives"), IsEmpty());
  clock_.Advance(2s);
  const auto leases = LeaseNow("lives");
  ASSERT_THAT(leases, SizeIs(2));
  SubmitAll("lives", leases);
  EXPECT_THAT(*buffer_.Take(), SizeIs(2));
}

TEST_F(GroupBufferTest, KeepsTheLeasesOfAWorkerThatBeats) {
  buffer_.Issue(Prompts(0, 2), Sampling(), 0);
  EXPECT_THAT(LeaseNow("slow"), SizeIs(2));
  for (int i = 0; i < 5; ++i) {
    clock_.Advance(5s);
    buffer_.Heartbeat("slow");
    EXPECT_THAT(LeaseNow("other"), IsEmpty());
  }
}

TEST_F(GroupBufferTest, OffersAgainWhatIsRenewedButDoesNotComeBack) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  EXPECT_THAT(LeaseNow("hangs"), SizeIs(1));
  const auto beat_until = [&](std::chrono::seconds time) {
    for (auto t = 0s; t < time; t += 5s) {
      clock_.Advance(5s);
      buffer_.Heartbeat("hangs");
      buffer_.Heartbeat("other");
    }
  };
  beat_until(30s);
  EXPECT_THAT(LeaseNow("other"), IsEmpty());
  beat_until(5s);
  EXPECT_THAT(LeaseNow("other"), SizeIs(1));  // after 3 lease times
  beat_until(60s);
  EXPECT_THAT(LeaseNow("hangs"), IsEmpty());  // now after 9
  beat_until(35s);
  EXPECT_THAT(LeaseNow("hangs"), SizeIs(1));
}

class GroupBufferOfALongGroup : public GroupBufferTest {
 protected:
  // "slow" has the only prompt and beats, having run `a_beat` more tokens each time.
  void SetUp() override {
    buffer_.Issue(Prompts(0, 1), Sampling(), 0);
    EXPECT_THAT(LeaseNow("slow"), SizeIs(1));
  }
  void Beat(std::chrono::seconds time, int64_t a_beat) {
    for (auto t = 0s; t < time; t += 5s) {
      clock_.Advance(5s);
      buffer_.Heartbeat("slow", tokens_ += a_beat);
    }
  }
  int64_t tokens_ = 0;
};

TEST_F(GroupBufferOfALongGroup, StaysWithAWorkerThatAdvances) {
  for (int i = 0; i < 10; ++i) {
    Beat(50s, 7);
    EXPECT_THAT(LeaseNow("other"), IsEmpty());
  }
}

TEST_F(GroupBufferOfALongGroup, IsOfferedAgainThreeLeaseTimesAfterTheLastAdvance) {
  Beat(100s, 7);
  Beat(30s, 0);
  EXPECT_THAT(LeaseNow("other"), IsEmpty());
  Beat(5s, 0);
  EXPECT_THAT(LeaseNow("other"), SizeIs(1));
}

TEST_F(GroupBufferOfALongGroup, IsOfferedAgainAfterSixtyLeaseTimesWhateverItsWorkerRuns) {
  Beat(600s, 7);
  EXPECT_THAT(LeaseNow("other"), IsEmpty());
  Beat(5s, 7);
  EXPECT_THAT(LeaseNow("other"), SizeIs(1));
}

TEST_F(GroupBufferOfALongGroup, NobodyIsToldOfAWaitWhileAWorkerAdvances) {
  std::jthread beats([&](const std::stop_token& stop) {
    for (int64_t tokens = 1; !stop.stop_requested(); ++tokens) {
      buffer_.Heartbeat("slow", tokens);
      std::this_thread::sleep_for(300ms);
    }
  });
  std::vector<std::string> told;
  buffer_.Take([&](const TakeProgress& progress) {
    told.push_back(progress.who_waits_for_whom);
    if (told.size() == 6) beats.request_stop();
    if (!told.back().empty()) buffer_.Stop();
  });
  EXPECT_GE(told.size(), 9u);
  EXPECT_THAT(told.back(), HasSubstr("leased to slow"));
}

TEST_F(GroupBufferTest, FreesTheLeasesOfAForgottenWorkerAtOnce) {
  buffer_.Issue(Prompts(0, 2), Sampling(), 0);
  EXPECT_THAT(LeaseNow("gone"), SizeIs(2));
  buffer_.Forget("gone");
  EXPECT_EQ(buffer_.live_workers(), 0);
  EXPECT_THAT(LeaseNow("next"), SizeIs(2));
}

TEST_F(GroupBufferTest, FreesTheLeasesThatAWorkerDoesNotKnowOf) {
  buffer_.Issue(Prompts(0, 3), Sampling(), 0);
  const auto leases = LeaseNow("worker");
  ASSERT_THAT(leases, SizeIs(3));
  buffer_.Keep("other", {});
  EXPECT_THAT(LeaseNow("worker"), IsEmpty());
  buffer_.Keep("worker", std::vector{leases[0].id, leases[2].id});
  const auto again = LeaseNow("worker");
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(again[0].prompt.ordinal, leases[1].prompt.ordinal);
}

TEST_F(GroupBufferTest, AcceptsALateResultWhileItsPromptIsOpenAndOnlyOnce) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  const auto late = LeaseNow("late");
  clock_.Advance(11s);
  const auto again = LeaseNow("again");
  ASSERT_THAT(again, SizeIs(1));
  EXPECT_EQ(buffer_.Submit("late", Answer(late[0])), SubmitVerdict::kAccepted);
  EXPECT_EQ(buffer_.Submit("late", Answer(late[0])), SubmitVerdict::kDuplicate);
  EXPECT_EQ(buffer_.Submit("again", Answer(again[0])), SubmitVerdict::kDuplicate);
  EXPECT_THAT(*buffer_.Take(), SizeIs(1));
}

TEST_F(GroupBufferTest, CallsAResultOfAClosedBatchStale) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  const auto leases = LeaseNow("w");
  SubmitAll("w", leases);
  buffer_.Take();
  EXPECT_EQ(buffer_.Submit("w", Answer(leases[0])), SubmitVerdict::kStale);
  buffer_.Issue(Prompts(1, 1), Sampling(), 1);
  EXPECT_EQ(buffer_.Submit("w", Answer(leases[0])), SubmitVerdict::kStale);
  EXPECT_THAT(LeaseNow("w"), SizeIs(1));
}

TEST_F(GroupBufferTest, KnowsOnlyTheLeasesItGave) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  Lease lease = LeaseNow("w")[0];
  lease.id = 999;
  EXPECT_EQ(buffer_.Submit("w", Answer(lease)), SubmitVerdict::kUnknownLease);
  lease.id = 0;
  EXPECT_EQ(buffer_.Submit("w", Answer(lease)), SubmitVerdict::kUnknownLease);
}

TEST_F(GroupBufferTest, RefusesEachFieldThatIsWrongAndSaysWhy) {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<std::pair<std::function<void(Group&)>, std::string>> lies = {
      {[](Group& g) { g.policy_version = 3; }, "policy version 3"},
      {[](Group& g) { g.prompt.ordinal = 5; }, "prompt 5"},
      {[](Group& g) { g.prompt.use = PromptUse::kEvaluation; }, "of use 1"},
      {[](Group& g) { g.completions.pop_back(); }, "1 completions, expected 2"},
      {[](Group& g) { g.completions.clear(); }, "0 completions"},
      {[](Group& g) { g.preemptions = -1; }, "-1 pre-emptions and 0 tokens prefilled"},
      {[](Group& g) { g.tokens_prefilled = -2; }, "0 pre-emptions and -2 tokens prefilled"},
      {[](Group& g) { g.completions[1].tokens.clear(); }, "completion 1: no tokens"},
      {[](Group& g) { g.completions[0].logprobs.pop_back(); }, "3 tokens but 2 logprobs"},
      {[](Group& g) { g.completions[0].tokens[0] = kVocab; }, "token 0 is 20"},
      {[](Group& g) { g.completions[0].tokens[0] = -1; }, "token 0 is -1"},
      {[](Group& g) { g.completions[0].logprobs[1] = 0.1f; }, "logprob 1 is 0.1"},
      {[=](Group& g) { g.completions[0].logprobs[1] = -inf; }, "logprob 1 is -inf"},
      {[](Group& g) { g.completions[0].logprobs[1] = std::nanf(""); }, "logprob 1 is nan"},
      {[](Group& g) { g.completions[0].tokens[0] = kEos; }, "end token at 0"},
      {[](Group& g) { g.completions[0].tokens[2] = 3; }, "stopped without the end token"},
      {[](Group& g) { g.completions[0].finish_reason = FinishReason::kLength; }, "cut off"},
      {[](Group& g) { g.completions[0].versions.clear(); }, "do not begin at token 0"},
      {[](Group& g) { g.completions[0].versions[0].first_token = 1; }, "do not begin at token 0"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 6}, {3, 7}};
       },
       "from token 3 of 3"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 5}, {2, 6}, {1, 7}};
       },
       "policy version 7 from token 1 after 6 from 2"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 7}};
       },
       "expected both to ascend"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 6}};
       },
       "expected both to ascend"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 7}, {1, 8}};
       },
       "policy version 8, the newest is 7"},
      {[](Group& g) {
         g.completions[0].versions = {{0, 6}, {1, 7}};
       },
       "stale: sampled under policy version 6, leased under 7"},
      {[](Group& g) {
         g.completions[0].tokens = {2, 2, 2, 2, 2, kEos};
         g.completions[0].logprobs.assign(6, -1);
       },
       "9 tokens with the prompt, at most 8"},
      {[=](Group& g) { g.completions[0].reward = inf; }, "reward is inf"},
      {[](Group& g) { g.completions[0].reward = 1e308; }, "reward is 1e+308"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .score = 2e6}}; },
       "'accuracy' scores 2e+06"},
      {[](Group& g) {
         g.completions[0].parts = {{.name = "accuracy", .score = 1}};
         g.completions[0].reward = 1.5;
       },
       "reward is 1.5, its parts make 1"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .score = NAN}}; },
       "'accuracy' scores nan"},
      {[](Group& g) { g.completions[0].parts = {{.name = "accuracy", .undecided = true}}; },
       "'accuracy' is undecided"},
  };
  buffer_.Issue(Prompts(0, 1), Sampling(), 7);
  int liar = 0;
  for (const auto& [lie, expected] : lies) {
    const std::string worker = "liar-" + std::to_string(liar++);
    const auto leases = LeaseNow(worker);  // free again although the last one lied
    ASSERT_THAT(leases, SizeIs(1));
    Group group = Answer(leases[0]);
    lie(group);
    std::string why;
    EXPECT_EQ(buffer_.Submit(worker, group, &why), SubmitVerdict::kInvalid) << expected;
    EXPECT_THAT(why, HasSubstr(expected));
  }
  SubmitAll("honest", LeaseNow("honest"));
}

TEST(GroupBuffer, TakesAStopStringOnlyWhereATextEndsWithItsFirst) {
  GroupBuffer buffer({.vocab_size = kVocab, .eos_tokens = {kEos}});
  SamplingParams sampling = Sampling();
  sampling.stop = {"wait", "!"};
  buffer.Issue(Prompts(0, 1), sampling, 0);
  int worker = 0;
  const auto answered = [&](const std::string& text, FinishReason reason, int32_t last_token) {
    const std::string name = "w" + std::to_string(worker++);
    Group group = Answer(buffer.LeasePrompts(name, 1, 0ms)->at(0));
    group.completions[0].text = text;
    group.completions[0].tokens.back() = last_token;
    group.completions[0].finish_reason = reason;
    std::string why;
    buffer.Submit(name, group, &why);
    return why;
  };
  const auto text = FinishReason::kStopString;
  EXPECT_THAT(answered("no", text, 4), HasSubstr("holds no stop string"));
  EXPECT_THAT(answered("wait", text, kEos), HasSubstr("ends with the end token"));
  EXPECT_THAT(answered("no! wait", text, 4), HasSubstr("a stop string ends at byte 3"));
  EXPECT_THAT(answered("wait.", text, 4), HasSubstr("at byte 4 of its text of 5"));
  EXPECT_THAT(answered("wait", FinishReason::kStop, kEos), HasSubstr("which went on"));
  EXPECT_THAT(answered("wait", FinishReason::kLength, 4), HasSubstr("which went on"));
  EXPECT_EQ(answered("so wait", text, 4), "");
}

TEST(GroupBuffer, TakesOnlyRewardsOfTheRubric) {
  GroupBuffer buffer(
      {.vocab_size = kVocab,
       .eos_tokens = {kEos},
       .parts = {{.name = "accuracy", .weight = 1}, {.name = "format", .weight = 0.1}}});
  buffer.Issue(Prompts(0, 1), Sampling(), 0);
  int worker = 0;
  const auto answered = [&](const std::vector<NamedReward>& parts, double reward) {
    const std::string name = "w" + std::to_string(worker++);
    Group group = Answer(buffer.LeasePrompts(name, 1, 0ms)->at(0));
    for (Completion& completion : group.completions) {
      completion.parts = parts;
      completion.reward = reward;
    }
    std::string why;
    buffer.Submit(name, group, &why);
    return why;
  };
  const NamedReward accuracy{.name = "accuracy", .weight = 1, .score = 1};
  const NamedReward format{.name = "format", .weight = 0.1, .score = 1};
  EXPECT_THAT(answered({}, 1), HasSubstr("expected one reward part 'accuracy' of weight 1"));
  EXPECT_THAT(answered({accuracy}, 1), HasSubstr("expected one reward part 'format'"));
  EXPECT_THAT(answered({accuracy, {.name = "format", .weight = 100, .score = 1}}, 101),
              HasSubstr("'format' of weight 0.1"));
  EXPECT_THAT(answered({accuracy, format, {.name = "bonus", .score = 9}}, 10.1),
              HasSubstr("3 reward parts, expected 2"));
  EXPECT_THAT(answered({accuracy, format, format}, 1.2), HasSubstr("'format'"));
  EXPECT_EQ(answered({format, accuracy}, 1.1), "");
}

TEST_F(GroupBufferTest, AcceptsACompletionCutOffByTheLimitAndOneUndecided) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  Group group = Answer(LeaseNow("w")[0]);
  group.completions[0].tokens = {2, 2, 2, 2, 2};
  group.completions[0].logprobs.assign(5, -1);
  group.completions[0].finish_reason = FinishReason::kLength;
  group.completions[1].undecided = true;
  EXPECT_EQ(buffer_.Submit("w", group), SubmitVerdict::kAccepted);
}

TEST_F(GroupBufferTest, RefusesTheLeaseOfAnotherWorkerWhichKeepsIt) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  const auto leases = LeaseNow("owner");
  EXPECT_EQ(buffer_.Submit("thief", Answer(leases[0])), SubmitVerdict::kInvalid);
  SubmitAll("owner", leases);
}

TEST_F(GroupBufferTest, GivesNothingMoreToAWorkerRefusedThreeTimes) {
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  for (int i = 0; i < 3; ++i) {
    Group group = Answer(LeaseNow("liar")[0]);
    group.completions.pop_back();
    EXPECT_EQ(buffer_.Submit("liar", group), SubmitVerdict::kInvalid);
  }
  EXPECT_THAT(LeaseNow("liar"), IsEmpty());
  EXPECT_EQ(buffer_.live_workers(), 0);
  EXPECT_THAT([&] { buffer_.Take(); },
              ThrowsMessage<Error>(HasSubstr("3 groups of liar were refused")));
  SubmitAll("honest", LeaseNow("honest"));
}

TEST_F(GroupBufferTest, SaysWhoWaitsForWhomSinceWhen) {
  EXPECT_EQ(buffer_.Describe(), "no step is open");
  buffer_.Issue(Prompts(188, 4), Sampling(), 0);
  EXPECT_EQ(buffer_.Describe(),
            "step waits for 4 of 4 groups: ordinals 188, 189, 190, 191 not leased, 0 live workers");
  const auto first = LeaseNow("host-12-0", 1);
  SubmitAll("host-12-0", first);
  LeaseNow("host-12-0", 2);
  clock_.Advance(6200ms);
  EXPECT_EQ(buffer_.Describe(),
            "step waits for 3 of 4 groups: ordinals 189, 190 leased to host-12-0 since 6.2 s; "
            "ordinal 191 not leased, 1 live workers");
}

TEST_F(GroupBufferTest, TakeReportsWhileItWaitsAndEndsWhenStopped) {
  buffer_.Issue(Prompts(0, 2), Sampling(), 0);
  SubmitAll("w", LeaseNow("w", 1));
  std::vector<TakeProgress> told;
  const auto groups = buffer_.Take([&](const TakeProgress& progress) {
    told.push_back(progress);
    if (!progress.who_waits_for_whom.empty()) buffer_.Stop();
  });
  EXPECT_FALSE(groups);
  EXPECT_GE(told.size(), 4u);
  EXPECT_EQ(told[0].who_waits_for_whom, "");
  EXPECT_EQ(told[0].back, 1);
  EXPECT_EQ(told[0].issued, 2);
  EXPECT_THAT(told.back().who_waits_for_whom, HasSubstr("waits for 1 of 2 groups"));
}

TEST_F(GroupBufferTest, EveryWorkerHearsThatTheRunIsOver) {
  std::thread waiting([&] { EXPECT_FALSE(buffer_.LeasePrompts("w", 1, 1h)); });
  std::this_thread::sleep_for(20ms);
  buffer_.Finish();
  waiting.join();
}

TEST_F(GroupBufferTest, AWaitingWorkerGetsPromptsAsSoonAsTheyAreIssued) {
  std::thread waiting([&] { EXPECT_THAT(*buffer_.LeasePrompts("w", 9, 1h), SizeIs(3)); });
  std::this_thread::sleep_for(20ms);
  buffer_.Issue(Prompts(0, 3), Sampling(), 0);
  waiting.join();
}

TEST_F(GroupBufferTest, HoldsOneBatchAtATime) {
  EXPECT_THROW(buffer_.Take(), Error);
  EXPECT_THROW(buffer_.Issue({}, Sampling(), 0), Error);
  buffer_.Issue(Prompts(0, 1), Sampling(), 0);
  EXPECT_THROW(buffer_.Issue(Prompts(1, 1), Sampling(), 0), Error);
}

// Workers that lease, die holding leases, come back under other names, and repeat themselves.
void UnreliableWorker(GroupBuffer& buffer, int number, std::atomic<int64_t>& accepted) {
  std::mt19937 random(static_cast<uint32_t>(number));
  int life = 0;
  while (true) {
    const std::string name = std::to_string(number) + "-" + std::to_string(life);
    const auto leases = buffer.LeasePrompts(name, 1 + random() % 4, 5ms);
    if (!leases) return;
    for (const Lease& lease : *leases) {
      if (random() % 8 == 0) {  // killed: the rest of its leases never come back
        ++life;
        if (random() % 2) buffer.Forget(name);
        break;
      }
      if (random() % 16 == 0) std::this_thread::sleep_for(15ms);  // late
      for (uint32_t repeat = random() % 3; repeat < 3; ++repeat)
        accepted += buffer.Submit(name, Answer(lease)) == SubmitVerdict::kAccepted;
    }
  }
}

TEST(GroupBufferStress, AcceptsEveryIssuedPromptExactlyOnceThoughWorkersDie) {
  constexpr int64_t kBatches = 150, kPrompts = 16;
  GroupBuffer buffer({.lease_time = 10ms, .vocab_size = kVocab, .eos_tokens = {kEos}});
  std::atomic<int64_t> accepted = 0;
  std::vector<std::thread> workers;
  for (int w = 0; w < 8; ++w)
    workers.emplace_back([&, w] { UnreliableWorker(buffer, w, accepted); });

  for (int64_t batch = 0; batch < kBatches; ++batch) {
    buffer.Issue(Prompts(batch * kPrompts, kPrompts), Sampling(), batch);
    const auto groups = buffer.Take();
    ASSERT_THAT(*groups, SizeIs(kPrompts));
    for (int64_t i = 0; i < kPrompts; ++i) {
      EXPECT_EQ((*groups)[i].prompt.ordinal, batch * kPrompts + i);
      EXPECT_EQ((*groups)[i].policy_version, batch);
    }
  }
  buffer.Finish();
  for (std::thread& worker : workers) worker.join();
  EXPECT_EQ(accepted, kBatches * kPrompts);
}

}  // namespace
}  // namespace r1zero
