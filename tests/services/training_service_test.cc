#include "services/training_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "tests/services/test_ring.h"
#include "tests/services/wire.h"

namespace r1zero {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Calls the service as any program on the network could.
class TrainingServiceTest : public ::testing::Test {
 protected:
  v1::LeasePromptsReply Lease(const std::string& worker, std::vector<uint64_t> holding = {},
                              int64_t wait_ms = 0) {
    v1::LeasePromptsRequest request;
    *request.mutable_identity() = TestIdentity(worker);
    request.set_max_prompts(100);
    request.set_wait_ms(wait_ms);
    request.mutable_holding()->Add(holding.begin(), holding.end());
    v1::LeasePromptsReply reply;
    grpc::ClientContext context;
    EXPECT_TRUE(stub_->LeasePrompts(&context, request, &reply).ok());
    return reply;
  }
  v1::SubmitGroupReply Submit(const std::string& worker, const v1::Group& group) {
    v1::SubmitGroupRequest request;
    *request.mutable_identity() = TestIdentity(worker);
    *request.mutable_group() = group;
    v1::SubmitGroupReply reply;
    grpc::ClientContext context;
    const grpc::Status status = stub_->SubmitGroup(&context, request, &reply);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return reply;
  }
  grpc::Status Join(const std::string& worker, uint32_t protocol = kProtocolVersion) {
    v1::JoinRequest request;
    request.set_worker(worker);
    request.set_protocol(protocol);
    v1::JoinReply reply;
    grpc::ClientContext context;
    return stub_->Join(&context, request, &reply);
  }
  // A good answer.
  static v1::Group Answer(const v1::Lease& lease) {
    v1::Group group;
    group.set_lease_id(lease.id());
    group.set_policy_version(lease.policy_version());
    group.set_ordinal(lease.prompt().ordinal());
    for (int i = 0; i < kTestGroupSize; ++i) {
      v1::Completion* completion = group.add_completions();
      for (const int32_t token : {5, 6, 1}) completion->add_tokens(token);
      for (const float logprob : {-1.0f, -2.0f, 0.0f}) completion->add_logprobs(logprob);
      completion->add_versions()->set_policy_version(lease.policy_version());
      completion->set_text("34");
      completion->set_reward(1);
    }
    return group;
  }

  FakeLearner learner_;
  std::unique_ptr<v1::Training::Stub> stub_ = v1::Training::NewStub(
      grpc::CreateChannel(learner_.address(), grpc::InsecureChannelCredentials()));
};

TEST_F(TrainingServiceTest, RefusesEveryHostileFieldAndLosesNothing) {
  struct Case {
    std::function<void(v1::Group&)> spoil;
    v1::SubmitGroupReply::Verdict verdict = v1::SubmitGroupReply::INVALID;
  };
  const auto first = [](v1::Group& g) { return g.mutable_completions(0); };
  const std::vector<Case> cases = {
      {[](auto& g) { g.set_use(2); }},
      {[](auto& g) { g.set_use(-1); }},
      {[](auto& g) { g.set_use(1); }},
      {[](auto& g) { g.set_ordinal(g.ordinal() + 1); }},
      {[](auto& g) { g.set_policy_version(g.policy_version() + 1); }},
      {[](auto& g) { g.set_lease_id(g.lease_id() + 1000); }, v1::SubmitGroupReply::UNKNOWN_LEASE},
      {[](auto& g) { g.set_lease_id(0); }, v1::SubmitGroupReply::UNKNOWN_LEASE},
      {[](auto& g) { g.mutable_completions()->RemoveLast(); }},
      {[](auto& g) { *g.add_completions() = g.completions(0); }},
      {[](auto& g) { g.clear_completions(); }},
      {[&](auto& g) { first(g)->set_finish_reason(2); }},
      {[&](auto& g) { first(g)->set_finish_reason(3); }},
      {[&](auto& g) { first(g)->set_finish_reason(-1); }},
      {[&](auto& g) { first(g)->clear_versions(); }},
      {[&](auto& g) { first(g)->mutable_versions(0)->set_policy_version(INT64_MAX); }},
      {[&](auto& g) { first(g)->mutable_versions(0)->set_first_token(INT64_MIN); }},
      {[&](auto& g) { first(g)->add_versions()->set_first_token(INT64_MAX); }},
      {[&](auto& g) { first(g)->set_tokens(0, 12); }},
      {[&](auto& g) { first(g)->set_tokens(0, -1); }},
      {[&](auto& g) { first(g)->set_tokens(0, INT32_MAX); }},
      {[&](auto& g) { first(g)->set_tokens(0, 1); }},
      {[&](auto& g) { first(g)->set_tokens(2, 5); }},
      {[&](auto& g) { first(g)->add_tokens(5); }},
      {[&](auto& g) { first(g)->clear_tokens(); }},
      {[&](auto& g) { first(g)->set_finish_reason(1); }},
      {[&](auto& g) { first(g)->set_logprobs(0, 0.5f); }},
      {[&](auto& g) { first(g)->set_logprobs(0, NAN); }},
      {[&](auto& g) { first(g)->set_logprobs(0, -INFINITY); }},
      {[&](auto& g) { first(g)->clear_logprobs(); }},
      {[&](auto& g) { first(g)->set_reward(NAN); }},
      {[&](auto& g) { first(g)->set_reward(INFINITY); }},
  };
  learner_.Issue(0, 1);
  for (size_t i = 0; i < cases.size(); ++i) {
    const std::string worker = "liar-" + std::to_string(i);
    const auto lease = Lease(worker);
    ASSERT_EQ(lease.leases_size(), 1) << "case " << i << ": the prompt was not offered again";
    v1::Group group = Answer(lease.leases(0));
    cases[i].spoil(group);
    const v1::SubmitGroupReply reply = Submit(worker, group);
    EXPECT_EQ(reply.verdict(), cases[i].verdict) << "case " << i;
    EXPECT_EQ(reply.why().empty(), cases[i].verdict != v1::SubmitGroupReply::INVALID)
        << "case " << i;
    Lease(worker, {});  // holds it no more
    learner_.buffer.Forget(worker);
  }
  const auto lease = Lease("honest");
  ASSERT_EQ(lease.leases_size(), 1);
  EXPECT_EQ(Submit("honest", Answer(lease.leases(0))).verdict(), v1::SubmitGroupReply::ACCEPTED);
  EXPECT_EQ(Submit("honest", Answer(lease.leases(0))).verdict(), v1::SubmitGroupReply::DUPLICATE);
  EXPECT_EQ(learner_.buffer.Take()->size(), 1u);
}

TEST_F(TrainingServiceTest, SendsACallerOfAnotherRunOrEpochBackToJoin) {
  learner_.Issue(0, 1);
  v1::Identity run = TestIdentity("w"), epoch = TestIdentity("w", /*epoch=*/2);
  run.set_run_id("another");
  for (const v1::Identity& identity : {run, epoch}) {
    const auto expect_join_again = [&](auto request, auto reply, auto call) {
      *request.mutable_identity() = identity;
      grpc::ClientContext context;
      const grpc::Status status = call(context, request, reply);
      EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
      EXPECT_THAT(status.error_message(), HasSubstr("join again"));
    };
    expect_join_again(v1::LeasePromptsRequest(), v1::LeasePromptsReply(),
                      [&](auto& c, auto& q, auto& r) { return stub_->LeasePrompts(&c, q, &r); });
    expect_join_again(v1::SubmitGroupRequest(), v1::SubmitGroupReply(),
                      [&](auto& c, auto& q, auto& r) { return stub_->SubmitGroup(&c, q, &r); });
    expect_join_again(v1::HeartbeatRequest(), v1::HeartbeatReply(),
                      [&](auto& c, auto& q, auto& r) { return stub_->Heartbeat(&c, q, &r); });
    expect_join_again(v1::LeaveRequest(), v1::LeaveReply(),
                      [&](auto& c, auto& q, auto& r) { return stub_->Leave(&c, q, &r); });
    expect_join_again(v1::FetchWeightsRequest(), v1::WeightsChunk(),
                      [&](auto& c, auto& q, auto& r) {
                        const auto reader = stub_->FetchWeights(&c, q);
                        EXPECT_FALSE(reader->Read(&r));
                        return reader->Finish();
                      });
  }
}

TEST_F(TrainingServiceTest, RefusesAnotherProtocolAndANamelessWorker) {
  const grpc::Status protocol = Join("w", 99);
  EXPECT_EQ(protocol.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(protocol.error_message(), HasSubstr("protocol is 99"));
  EXPECT_EQ(Join("").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Join(std::string(1000, 'x')).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_TRUE(Join("w").ok());
}

TEST_F(TrainingServiceTest, OffersAgainWhatAWorkerDoesNotHold) {
  learner_.Issue(0, 3);
  const auto lost = Lease("w");
  ASSERT_EQ(lost.leases_size(), 3);
  const auto again = Lease("w", {lost.leases(1).id()});
  ASSERT_EQ(again.leases_size(), 2);
  EXPECT_EQ(again.leases(0).prompt().ordinal(), 0);
  EXPECT_EQ(again.leases(1).prompt().ordinal(), 2);
}

TEST_F(TrainingServiceTest, AWorkerThatJoinsAnewFreesWhatItsPredecessorHeld) {
  learner_.Issue(0, 2);
  EXPECT_EQ(Lease("w").leases_size(), 2);
  EXPECT_EQ(Lease("other").leases_size(), 0);
  ASSERT_TRUE(Join("w").ok());
  EXPECT_EQ(Lease("other").leases_size(), 2);
}

TEST_F(TrainingServiceTest, ALongPollEndsWhenItsCallerHasGone) {
  v1::LeasePromptsRequest request;
  *request.mutable_identity() = TestIdentity("gone");
  request.set_max_prompts(1);
  request.set_wait_ms(30'000);
  v1::LeasePromptsReply reply;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + 50ms);
  EXPECT_FALSE(stub_->LeasePrompts(&context, request, &reply).ok());
  const auto start = std::chrono::steady_clock::now();
  learner_.server->Shutdown(60s);  // waits for the calls under way
  EXPECT_LT(std::chrono::steady_clock::now() - start, 20s);
}

TEST_F(TrainingServiceTest, WaitsUntilEveryWorkerKnowsThatTheRunIsOver) {
  Lease("knows");
  Lease("silent");
  learner_.buffer.Finish();
  EXPECT_TRUE(Lease("knows").run_over());
  const auto start = std::chrono::steady_clock::now();
  std::thread late([&] {
    std::this_thread::sleep_for(50ms);
    EXPECT_TRUE(Lease("silent").run_over());
  });
  learner_.service.WaitUntilWorkersKnow(20s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
  late.join();
}

}  // namespace
}  // namespace r1zero
