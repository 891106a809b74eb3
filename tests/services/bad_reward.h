// A reward service as it should not be.
#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <string>
#include <thread>

#include "services/reward_service.h"
#include "services/server.h"

namespace r1zero {

// Misbehaves on its first `bad_calls` calls, and then is good.
class BadReward final : public v1::Reward::Service {
 public:
  enum class Way { kHang, kWrongCount, kNan, kOtherText, kUnavailable };
  BadReward(Way way, int bad_calls) : way_(way), bad_calls_(bad_calls), server_({}, {this}) {}
  ~BadReward() override { over_ = true; }
  std::string address() const { return server_.address(); }
  int calls() const { return calls_; }

  grpc::Status Score(grpc::ServerContext* context, const v1::ScoreRequest* request,
                     v1::ScoreReply* reply) override {
    const grpc::Status status = good_.Score(context, request, reply);
    if (request->items_size() == 0 || ++calls_ > bad_calls_) return status;
    switch (way_) {
      case Way::kHang:
        while (!context->IsCancelled() && !over_)
          std::this_thread::sleep_for(std::chrono::milliseconds(1));
        break;
      case Way::kWrongCount: reply->mutable_results()->RemoveLast(); break;
      case Way::kNan: reply->mutable_results(0)->set_reward(NAN); break;
      case Way::kOtherText: reply->mutable_results(0)->set_judged_sha256("0"); break;
      case Way::kUnavailable: return {grpc::StatusCode::UNAVAILABLE, "down"};
    }
    return status;
  }

 private:
  const Way way_;
  const int bad_calls_;
  std::atomic<int> calls_{0};
  std::atomic<bool> over_{false};
  RewardService good_;
  Server server_;
};

}  // namespace r1zero
