#include "services/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>
#include <future>

#include "common/error.h"
#include "services/address.h"
#include "tests/services/test_ring.h"
#include "tests/services/wire.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::shared_ptr<grpc::Channel> Dial(const std::string& address) {
  return grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
}

TEST(Server, PicksAFreePortAndSaysWhich) {
  const FakeReward one, other;
  EXPECT_GT(ParseAddress(one.address()).port, 0);
  EXPECT_NE(one.address(), other.address());
}

TEST(Server, SaysThatAPortIsTaken) {
  const FakeReward first;
  EXPECT_THAT([&] { FakeReward second(first.address()); },
              ThrowsMessage<Error>(
                  HasSubstr("cannot listen on " + first.address() + ": Address already in use")));
}

TEST(Server, SaysThatASocketIsTaken) {
  const TestFolder folder;
  const FakeReward first(folder.Socket("s"));
  EXPECT_THAT([&] { FakeReward second(folder.Socket("s")); },
              ThrowsMessage<Error>(HasSubstr("another process listens there")));
}

TEST(Server, TakesOverTheSocketOfAProcessThatIsGone) {
  const TestFolder folder;
  const std::string path = (folder.path() / "s").string();
  sockaddr_un name{.sun_family = AF_UNIX};
  std::strcpy(name.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  ASSERT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
  close(fd);  // the file stays
  const FakeReward reward("unix:" + path);
  EXPECT_EQ(reward.address(), "unix:" + path);
}

TEST(Server, RefusesAnAddressThatOthersCanReachUnlessTold) {
  EXPECT_THAT([] { FakeReward reward("0.0.0.0:0"); },
              ThrowsMessage<Error>(HasSubstr("--insecure-bind")));
  RewardService service;
  EXPECT_NO_THROW(Server({.listen = "0.0.0.0:0", .insecure_bind = true}, {&service}));
}

TEST(Server, AnswersHealthChecks) {
  const FakeReward reward;
  // grpc.health.v1.HealthCheckResponse: field 1 is the status, 1 is SERVING.
  const Reply reply = Call(Dial(reward.address()), "/grpc.health.v1.Health/Check", "");
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_EQ(reply.bytes, std::string("\x08\x01"));
}

TEST(Server, ListsItsServicesByReflection) {
  const FakeReward reward;
  // ServerReflectionRequest: field 7, list_services.
  const Reply reply =
      Call(Dial(reward.address()), "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
           std::string("\x3a\x00", 2));
  ASSERT_TRUE(reply.status.ok()) << reply.status.error_message();
  EXPECT_THAT(reply.bytes, HasSubstr("r1zero.v1.Reward"));
  EXPECT_THAT(reply.bytes, HasSubstr("grpc.health.v1.Health"));
}

TEST(Server, RefusesAMessageOverItsLimitAndGoesOn) {
  RewardService service;
  const Server server({.max_receive_bytes = 1000}, {&service});
  const auto stub = v1::Reward::NewStub(Dial(server.address()));
  v1::ScoreRequest request;
  request.add_items()->set_completion(std::string(2000, 'x'));
  v1::ScoreReply reply;
  grpc::ClientContext big, small;
  EXPECT_EQ(stub->Score(&big, request, &reply).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  v1::ListVerifiersReply verifiers;
  EXPECT_TRUE(stub->ListVerifiers(&small, {}, &verifiers).ok());
}

TEST(Server, AnswersThoughManyCallsAreWaiting) {
  FakeLearner learner;
  const auto stub = v1::Training::NewStub(Dial(learner.address()));
  std::vector<std::future<bool>> waiting;
  for (int i = 0; i < 12; ++i) {
    waiting.push_back(std::async(std::launch::async, [&stub, i] {
      v1::LeasePromptsRequest request;
      *request.mutable_identity() = TestIdentity("waits-" + std::to_string(i));
      request.set_max_prompts(1);
      request.set_wait_ms(30'000);
      v1::LeasePromptsReply reply;
      grpc::ClientContext context;
      return stub->LeasePrompts(&context, request, &reply).ok() && reply.run_over();
    }));
  }
  while (learner.buffer.live_workers() < 12) std::this_thread::sleep_for(1ms);
  v1::HeartbeatRequest request;
  *request.mutable_identity() = TestIdentity("beats");
  v1::HeartbeatReply reply;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 5s);
  EXPECT_TRUE(stub->Heartbeat(&context, request, &reply).ok());
  learner.buffer.Finish();
  for (auto& call : waiting) EXPECT_TRUE(call.get());
}

}  // namespace
}  // namespace r1zero
