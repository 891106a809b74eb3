// The Training service: the learner as workers see it. It converts, and asks the buffer and the store.
//
// A waiting LeasePrompts holds one thread of the server, of which there are many; it notices within
// 50 ms that its caller is gone. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>

#include "grpo/group_buffer.h"
#include "policy/weight_store.h"
#include "proto/training.grpc.pb.h"
#include "services/convert.h"

namespace r1zero {

class TrainingService final : public v1::Training::Service {
 public:
  // `buffer` and `weights` must outlive the service.
  TrainingService(RunTerms terms, GroupBuffer& buffer, const WeightStore& weights);

  grpc::Status Join(grpc::ServerContext* context, const v1::JoinRequest* request,
                    v1::JoinReply* reply) override;
  grpc::Status LeasePrompts(grpc::ServerContext* context, const v1::LeasePromptsRequest* request,
                            v1::LeasePromptsReply* reply) override;
  grpc::Status SubmitGroup(grpc::ServerContext* context, const v1::SubmitGroupRequest* request,
                           v1::SubmitGroupReply* reply) override;
  grpc::Status FetchWeights(grpc::ServerContext* context, const v1::FetchWeightsRequest* request,
                            grpc::ServerWriter<v1::WeightsChunk>* writer) override;
  grpc::Status Heartbeat(grpc::ServerContext* context, const v1::HeartbeatRequest* request,
                         v1::HeartbeatReply* reply) override;
  grpc::Status Leave(grpc::ServerContext* context, const v1::LeaveRequest* request,
                     v1::LeaveReply* reply) override;

  // After GroupBuffer::Finish: waits until every worker that is still heard of knows that the run is
  // over, at most `limit`.
  void WaitUntilWorkersKnow(std::chrono::milliseconds limit);

 private:
  // JoinAgain unless the call is of this run and epoch. Notes that the worker was heard of.
  const std::string& Caller(const v1::Identity& identity);
  void ForgetSilent(std::chrono::steady_clock::time_point now);  // REQUIRES mutex_ held
  void Gone(const std::string& worker);

  const RunTerms terms_;
  GroupBuffer& buffer_;
  const WeightStore& weights_;
  std::mutex mutex_;
  std::condition_variable somebody_left_;
  std::map<std::string, std::chrono::steady_clock::time_point> heard_of_;  // by worker
};

}  // namespace r1zero
