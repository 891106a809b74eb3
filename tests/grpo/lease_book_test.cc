#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "grpo/group_buffer.h"
#include "tests/grpo/group_buffer_fixture.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

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

}  // namespace
}  // namespace r1zero
