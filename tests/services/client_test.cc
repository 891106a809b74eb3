#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>

#include "services/delivery.h"
#include "services/scoring.h"
#include "services/status.h"
#include "tests/services/bad_reward.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

const std::function<bool()> kNeverStop = [] { return false; };

// Stands between client and learner, and damages the first so many streams of weights.
class DamagingRelay final : public v1::Training::Service {
 public:
  DamagingRelay(const std::string& learner, int damaged_streams)
      : stub_(v1::Training::NewStub(
            grpc::CreateChannel(learner, grpc::InsecureChannelCredentials()))),
        damaged_streams_(damaged_streams),
        server_({}, {this}) {}
  std::string address() const { return server_.address(); }
  int streams() const { return streams_; }

  grpc::Status Join(grpc::ServerContext*, const v1::JoinRequest* request,
                    v1::JoinReply* reply) override {
    grpc::ClientContext context;
    return stub_->Join(&context, *request, reply);
  }
  grpc::Status FetchWeights(grpc::ServerContext*, const v1::FetchWeightsRequest* request,
                            grpc::ServerWriter<v1::WeightsChunk>* writer) override {
    grpc::ClientContext context;
    const auto reader = stub_->FetchWeights(&context, *request);
    const bool damage = ++streams_ <= damaged_streams_;
    for (v1::WeightsChunk chunk; reader->Read(&chunk);) {
      if (damage) (*chunk.mutable_data())[100] ^= 4;
      writer->Write(chunk);
    }
    return reader->Finish();
  }

 private:
  std::unique_ptr<v1::Training::Stub> stub_;
  const int damaged_streams_;
  std::atomic<int> streams_{0};
  Server server_;
};

PeerOptions Learner(const std::string& address, std::chrono::milliseconds patience = 5s) {
  return {.role = "learner", .address = address, .patience = patience};
}
PeerOptions Reward(const std::string& address, std::chrono::milliseconds patience = 5s) {
  return {.role = "reward service", .address = address, .patience = patience};
}

TEST(TrainingClient, NamesAnAddressThatDoesNotAnswerTheCallAndHowLongItTried) {
  IoScope scope;
  TrainingClient client(Learner("127.0.0.1:1", 300ms), "w", kNeverStop, scope);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THAT([&] { client.Join(); },
              ThrowsMessage<Error>(AllOf(HasSubstr("learner 127.0.0.1:1: Join: no answer for 0."),
                                         HasSubstr("is the learner running there?"))));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(TrainingClient, StopInterruptsAWaitForALearnerThatDoesNotAnswer) {
  IoScope scope;
  TrainingClient client(
      Learner("127.0.0.1:1", 60s), "w", [] { return true; }, scope);
  EXPECT_THROW(client.Join(), Interrupted);
}

TEST(TrainingClient, StopInterruptsALongPoll) {
  FakeLearner learner;
  std::atomic<bool> stop = false;
  IoScope scope;
  TrainingClient client(
      Learner(learner.address()), "w", [&] { return stop.load(); }, scope);
  client.Join();
  stop = true;
  EXPECT_TRUE(client.LeasePrompts(1, 30s).leases.empty());
}

// Qwen's tokenizer.json has 11,422,654 bytes; gRPC alone would refuse a message of more than 4 MiB.
TEST(TrainingClient, JoinsALearnerWhoseTokenizerIsAsLargeAsQwens) {
  const std::string json = DigitTokenizer().ToJson() + std::string(11'422'654, ' ');
  FakeLearner learner("127.0.0.1:0", /*epoch=*/1, 10s, json);
  IoScope scope;
  TrainingClient client(Learner(learner.address()), "w", kNeverStop, scope);
  EXPECT_TRUE(client.Join().tokenizer_json == json);
}

TEST(TrainingClient, FetchesTheBitsThatTheLearnerPublished) {
  FakeLearner learner;
  learner.Issue(0, 1, /*version=*/3);
  IoScope scope;
  TrainingClient client(Learner(learner.address()), "w", kNeverStop, scope);
  client.Join();
  const auto weights = client.FetchWeights(3);
  EXPECT_EQ(weights->version, 3);
  EXPECT_EQ(weights->flat, RandomWeights(3)->flat);
}

TEST(TrainingClient, FetchesDamagedWeightsAgainOnce) {
  FakeLearner learner;
  learner.Issue(0, 1);
  DamagingRelay relay(learner.address(), /*damaged_streams=*/1);
  IoScope scope;
  TrainingClient client(Learner(relay.address()), "w", kNeverStop, scope);
  client.Join();
  EXPECT_EQ(client.FetchWeights(0)->flat, RandomWeights(0)->flat);
  EXPECT_EQ(relay.streams(), 2);
}

TEST(TrainingClient, GivesUpOnWeightsThatAreDamagedTwice) {
  FakeLearner learner;
  learner.Issue(0, 1);
  DamagingRelay relay(learner.address(), /*damaged_streams=*/1000);
  IoScope scope;
  TrainingClient client(Learner(relay.address()), "w", kNeverStop, scope);
  client.Join();
  EXPECT_THAT([&] { client.FetchWeights(0); },
              ThrowsMessage<Error>(AllOf(HasSubstr("CRC-32C"), HasSubstr("twice in a row"))));
}

TEST(TrainingClient, HeartbeatsKeepTheLeasesOfAWorkerThatComputes) {
  FakeLearner learner("127.0.0.1:0", 1, /*lease_time=*/900ms);
  learner.Issue(0, 1);
  IoScope scope;
  TrainingClient client(Learner(learner.address()), "w", kNeverStop, scope);
  client.Join();
  ASSERT_EQ(client.LeasePrompts(1, 1s).leases.size(), 1u);
  std::this_thread::sleep_for(1100ms);
  EXPECT_TRUE(learner.buffer.LeasePrompts("thief", 1, 0ms)->empty());
}

TEST(TrainingClient, HeartbeatsKeepTheLeasesOfAWorkerThatAdvancesBeyondThreeLeaseTimes) {
  for (const bool advances : {true, false}) {
    FakeLearner learner("127.0.0.1:0", 1, /*lease_time=*/800ms);
    learner.Issue(0, 1);
    IoScope scope;
    TrainingClient client(Learner(learner.address()), "w", kNeverStop, scope);
    client.Join();
    ASSERT_EQ(client.LeasePrompts(1, 1s).leases.size(), 1u);
    for (int64_t tokens = 1; tokens <= 32; ++tokens) {
      if (advances) client.Advance(tokens);
      std::this_thread::sleep_for(100ms);
    }
    EXPECT_EQ(learner.buffer.LeasePrompts("thief", 1, 0ms)->empty(), advances);
  }
}

TEST(TrainingClient, LearnsFromItsHeartbeatThatTheLearnerWasRestarted) {
  const TestFolder folder;
  auto learner = std::make_unique<FakeLearner>(folder.Socket("l"), 1, 200ms);
  IoScope scope;
  TrainingClient client(Learner(learner->address()), "w", kNeverStop, scope);
  client.Join();
  learner.reset();
  FakeLearner restarted(folder.Socket("l"), /*epoch=*/2, 200ms);
  while (!scope.failed()) std::this_thread::sleep_for(1ms);
  EXPECT_THROW(client.LeasePrompts(1, 1s), JoinAgain);
}

TEST(TrainingClient, LeaveFreesItsLeasesAtOnce) {
  FakeLearner learner;
  learner.Issue(0, 1);
  IoScope scope;
  TrainingClient client(Learner(learner.address()), "w", kNeverStop, scope);
  client.Join();
  client.LeasePrompts(1, 1s);
  client.Leave();
  EXPECT_EQ(learner.buffer.LeasePrompts("next", 1, 0ms)->size(), 1u);
}

class RewardClientTest : public ::testing::TestWithParam<BadReward::Way> {
 protected:
  bool Score(const std::string& address, Group& group) {
    const auto deadline = GetParam() == BadReward::Way::kHang ? 300ms : 10'000ms;
    RewardClient client(Reward(address), {.rubric = TestRubric(), .deadline = deadline}, scope_);
    return scope_.Block(client.Score(group, 7), kNeverStop);
  }
  static Group AnyGroup() {
    Group group{.prompt = {.ordinal = 5}};
    for (const char* text : {"1", "2", "3"}) group.completions.push_back({.text = text});
    return group;
  }
  IoScope scope_;
};

TEST_P(RewardClientTest, TriesTwiceMore) {
  BadReward reward(GetParam(), /*bad_calls=*/2);
  Group group = AnyGroup(), expected = AnyGroup();
  EXPECT_TRUE(Score(reward.address(), group));
  EXPECT_EQ(reward.calls(), 3);
  ScoreGroup(expected, 7, Rubric(TestRubric()));
  for (size_t i = 0; i < 3; ++i)
    EXPECT_EQ(group.completions[i].reward, expected.completions[i].reward);
}

TEST_P(RewardClientTest, ThenLeavesTheGroupAsItIs) {
  BadReward reward(GetParam(), /*bad_calls=*/3);
  Group group = AnyGroup();
  EXPECT_FALSE(Score(reward.address(), group));
  EXPECT_EQ(reward.calls(), 3);
  for (const Completion& completion : group.completions) EXPECT_TRUE(completion.parts.empty());
}

INSTANTIATE_TEST_SUITE_P(Ways, RewardClientTest,
                         ::testing::Values(BadReward::Way::kHang, BadReward::Way::kWrongCount,
                                           BadReward::Way::kNan, BadReward::Way::kOtherText,
                                           BadReward::Way::kUnavailable));

TEST(RewardClient, AnUnknownVerifierIsAnErrorAtOnce) {
  const FakeReward reward;
  IoScope scope;
  RewardClient client(Reward(reward.address()), {.rubric = {.accuracy = "exakt"}}, scope);
  EXPECT_THAT([&] { scope.Block(client.Check(), kNeverStop); },
              ThrowsMessage<Error>(HasSubstr("unknown verifier 'exakt'")));
}

TEST(RewardClient, NamesAServiceThatIsNotThere) {
  IoScope scope;
  RewardClient client(Reward("127.0.0.1:1", 300ms), {.rubric = TestRubric()}, scope);
  Group group{.completions = {{.text = "x"}}};
  EXPECT_THAT([&] { scope.Block(client.Score(group, 1), kNeverStop); },
              ThrowsMessage<Error>(HasSubstr("reward service 127.0.0.1:1")));
}

TEST(RewardClient, AsksWhetherTheAddressOfALearnerIsOneOfARewardService) {
  const FakeLearner learner;
  IoScope scope;
  RewardClient client(Reward(learner.address()), {.rubric = TestRubric()}, scope);
  const std::string expected = "reward service " + learner.address() +
                               ": Score: UNIMPLEMENTED: is this the address of a reward service?";
  EXPECT_THAT([&] { scope.Block(client.Check(), kNeverStop); }, ThrowsMessage<Error>(expected));
  Group group{.completions = {{.text = "x"}}};
  EXPECT_THAT([&] { scope.Block(client.Score(group, 1), kNeverStop); },
              ThrowsMessage<Error>(expected));
}

TEST(TrainingClient, AsksWhetherTheAddressOfARewardServiceIsOneOfALearner) {
  const FakeReward reward;
  IoScope scope;
  TrainingClient client(Learner(reward.address()), "w", kNeverStop, scope);
  EXPECT_THAT([&] { client.Join(); },
              ThrowsMessage<Error>("learner " + reward.address() +
                                   ": Join: UNIMPLEMENTED: is this the address of a learner?"));
}

TEST(Describe, NamesTheCodeOfAStatusWithoutAMessage) {
  EXPECT_EQ(Describe(grpc::Status(grpc::StatusCode::DATA_LOSS, ""), "learner"), "DATA_LOSS");
  EXPECT_EQ(Describe(grpc::Status(grpc::StatusCode::DATA_LOSS, "gone"), "learner"), "gone");
}

TEST(RewardClient, SplitsALargeGroupAndKeepsItsOrder) {
  const FakeReward reward;
  IoScope scope;
  RewardClient client(Reward(reward.address()), {.rubric = TestRubric()}, scope);
  Group group, expected;
  for (int i = 0; i < 2500; ++i) group.completions.push_back({.text = std::to_string(i)});
  expected = group;
  EXPECT_TRUE(scope.Block(client.Score(group, 3), kNeverStop));
  ScoreGroup(expected, 3, Rubric(TestRubric()));
  for (size_t i = 0; i < group.completions.size(); ++i)
    ASSERT_EQ(group.completions[i].reward, expected.completions[i].reward) << i;
}

}  // namespace
}  // namespace r1zero
