// Scores groups at the reward service.
#pragma once

#include <chrono>
#include <memory>

#include "proto/reward.grpc.pb.h"
#include "reward/reward_config.h"
#include "rollout/group.h"
#include "services/peer.h"

namespace r1zero {

struct RewardClientOptions {
  RewardConfig rubric;
  std::chrono::milliseconds deadline{30'000};  // of one request
  int attempts = 3;                            // at one group
};

class RewardClient {
 public:
  RewardClient(PeerOptions peer, RewardClientOptions options, IoScope& scope);

  // Writes the scores into the group. False, and the group unchanged, if every attempt failed: the
  // service hung, died or answered nonsense. Error if it cannot be reached for as long as the patience
  // lasts, or refuses the request (then every other group would fail too).
  asio::awaitable<bool> Score(Group& group, uint64_t seed);

  // Proves that the service is there and knows the rubric, or Error.
  asio::awaitable<void> Check();

 private:
  asio::awaitable<bool> Attempt(Group& group, const std::vector<v1::ScoreRequest>& batches);
  asio::awaitable<grpc::Status> Request(const v1::ScoreRequest& request, v1::ScoreReply& reply);

  Peer peer_;
  RewardClientOptions options_;
  std::unique_ptr<v1::Reward::Stub> stub_;
};

}  // namespace r1zero
