#include "services/reward_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "services/convert_reward.h"
#include "services/scoring.h"
#include "tests/services/test_ring.h"

namespace r1zero {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class RewardServiceTest : public ::testing::Test {
 protected:
  grpc::Status Score(const v1::ScoreRequest& request) {
    grpc::ClientContext context;
    return stub_->Score(&context, request, &reply_);
  }
  static v1::ScoreRequest Request(const RewardConfig& rubric, const std::vector<Judged>& items) {
    v1::ScoreRequest request;
    RubricToProto(rubric, request.mutable_rubric());
    for (const Judged& item : items) *request.add_items() = ToProto(item);
    return request;
  }
  void ExpectRefused(const v1::ScoreRequest& request, const std::string& why) {
    const grpc::Status status = Score(request);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(why));
  }

  FakeReward reward_;
  std::unique_ptr<v1::Reward::Stub> stub_ = v1::Reward::NewStub(
      grpc::CreateChannel(reward_.address(), grpc::InsecureChannelCredentials()));
  v1::ScoreReply reply_;
};

TEST_F(RewardServiceTest, ScoresAsTheRubricInThisProcessDoesInOrder) {
  const Rubric rubric(TestRubric());
  std::vector<Judged> items;
  for (uint64_t i = 0; i < 50; ++i)
    items.push_back(
        {.completion = "text " + std::to_string(i), .truncated = i % 5 == 0, .random_key = i});
  ASSERT_TRUE(Score(Request(TestRubric(), items)).ok());
  ASSERT_EQ(reply_.results_size(), 50);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(reply_.results(i).SerializeAsString(),
              ToProto(rubric.Judge(items[i])).SerializeAsString());
  }
}

TEST_F(RewardServiceTest, ServesSeveralRubricsAtOnce) {
  const std::vector<Judged> items = {{.completion = "x", .random_key = 1}};
  for (const double weight : {1.0, 2.0, 1.0}) {
    ASSERT_TRUE(
        Score(Request({.accuracy = "random", .weights = {{"accuracy", weight}}}, items)).ok());
    EXPECT_EQ(reply_.results(0).verdicts(0).weight(), weight);
  }
}

TEST_F(RewardServiceTest, NamesTheFieldThatIsWrong) {
  ExpectRefused(Request({.accuracy = "exakt", .weights = {{"accuracy", 1.0}}}, {}),
                "did you mean 'exact'");
  ExpectRefused(Request({.weights = {}}, {}), "rubric is empty");
  ExpectRefused(Request({.accuracy = "exact", .weights = {{"accuracy", NAN}}}, {}), "accuracy");
  v1::ScoreRequest renamed = Request(TestRubric(), {});
  renamed.mutable_rubric(1)->set_name("style");
  renamed.mutable_rubric(1)->set_verifier("exact");
  ExpectRefused(renamed, "rubric[1].verifier is 'exact'");
  v1::ScoreRequest many = Request(TestRubric(), {});
  for (int i = 0; i <= kMaxItemsPerScore; ++i) many.add_items();
  ExpectRefused(many, "items has 4097 entries, expected at most 4096");
}

TEST_F(RewardServiceTest, ChecksGoldsAsTheVerifierDoes) {
  v1::ValidateGoldRequest request;
  request.set_verifier("signs");
  const std::vector<std::string> golds = {"", "nonsense", "\xff\xfe"};
  for (const std::string& gold : golds) request.add_golds(gold);
  v1::ValidateGoldReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ValidateGold(&context, request, &reply).ok());
  ASSERT_EQ(reply.problems_size(), 3);
  const auto verifier = MakeVerifier("signs");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(reply.problems(i), verifier->CheckGold(golds[i]));
}

TEST_F(RewardServiceTest, ListsItsVerifiers) {
  v1::ListVerifiersReply reply;
  grpc::ClientContext context;
  ASSERT_TRUE(stub_->ListVerifiers(&context, {}, &reply).ok());
  EXPECT_THAT(reply.verifiers(), ElementsAreArray(VerifierNames()));
}

}  // namespace
}  // namespace r1zero
