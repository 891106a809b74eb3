// The Reward service: rules that score completions.
//
// It keeps no state but a cache of rubrics: every request brings its own. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "proto/reward.grpc.pb.h"
#include "reward/rubric.h"

namespace r1zero {

inline constexpr int kMaxItemsPerScore = 4096;
inline constexpr int kMaxRubricParts = 64;

class RewardService final : public v1::Reward::Service {
 public:
  grpc::Status Score(grpc::ServerContext* context, const v1::ScoreRequest* request,
                     v1::ScoreReply* reply) override;
  grpc::Status ValidateGold(grpc::ServerContext* context, const v1::ValidateGoldRequest* request,
                            v1::ValidateGoldReply* reply) override;
  grpc::Status ListVerifiers(grpc::ServerContext* context, const v1::ListVerifiersRequest* request,
                             v1::ListVerifiersReply* reply) override;

 private:
  std::shared_ptr<const Rubric> RubricOf(const v1::ScoreRequest& request);

  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const Rubric>> rubrics_;  // by the request's own bytes
};

}  // namespace r1zero
