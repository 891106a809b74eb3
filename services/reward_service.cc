#include "services/reward_service.h"

#include <grpcpp/server_context.h>

#include "services/convert_reward.h"
#include "services/status.h"

namespace r1zero {
namespace {

constexpr size_t kMaxCachedRubrics = 64;

void CheckBatch(int items, const char* field) {
  Require(items <= kMaxItemsPerScore, field, " has ", items, " entries, expected at most ",
          kMaxItemsPerScore);
}

}  // namespace

grpc::Status RewardService::Score(grpc::ServerContext* context, const v1::ScoreRequest* request,
                                  v1::ScoreReply* reply) {
  return Guard([&] {
    CheckBatch(request->items_size(), "items");
    const auto rubric = RubricOf(*request);
    for (const v1::ScoreItem& item : request->items()) {
      if (context->IsCancelled()) return;  // nobody waits for the rest
      *reply->add_results() = ToProto(rubric->Judge(FromProto(item)));
    }
  });
}

grpc::Status RewardService::ValidateGold(grpc::ServerContext*,
                                         const v1::ValidateGoldRequest* request,
                                         v1::ValidateGoldReply* reply) {
  return Guard([&] {
    CheckBatch(request->golds_size(), "golds");
    const auto verifier = MakeVerifier(request->verifier());
    for (const std::string& gold : request->golds()) reply->add_problems(verifier->CheckGold(gold));
  });
}

grpc::Status RewardService::ListVerifiers(grpc::ServerContext*, const v1::ListVerifiersRequest*,
                                          v1::ListVerifiersReply* reply) {
  return Guard([&] {
    for (const std::string& name : VerifierNames()) reply->add_verifiers(name);
  });
}

std::shared_ptr<const Rubric> RewardService::RubricOf(const v1::ScoreRequest& request) {
  Require(request.rubric_size() > 0, "rubric is empty, expected at least one part");
  Require(request.rubric_size() <= kMaxRubricParts, "rubric has ", request.rubric_size(),
          " parts, expected at most ", kMaxRubricParts);
  v1::ScoreRequest rubric_only;
  *rubric_only.mutable_rubric() = request.rubric();
  const std::string key = rubric_only.SerializeAsString();

  const std::lock_guard lock(mutex_);
  if (const auto found = rubrics_.find(key); found != rubrics_.end()) return found->second;
  auto rubric = std::make_shared<const Rubric>(RubricFromProto(request.rubric()));
  if (rubrics_.size() >= kMaxCachedRubrics) rubrics_.clear();
  return rubrics_[key] = std::move(rubric);
}

}  // namespace r1zero
