// A worker's view of the learner: join, lease, fetch weights, submit, and a heartbeat that runs by
// itself.
//
// Lease, FetchWeights and Join block the calling thread; Submit is for coroutines of the scope. Every
// call throws JoinAgain if the learner was restarted: then all that runs here is void, and the worker
// must begin anew with a new client.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "grpo/group_buffer.h"
#include "policy/weight_store.h"
#include "proto/training.grpc.pb.h"
#include "rollout/worker.h"
#include "services/convert.h"
#include "services/peer.h"

namespace r1zero {

class TrainingClient {
 public:
  // `worker` is unique among the workers. `stop` interrupts whatever waits.
  TrainingClient(PeerOptions peer, std::string worker, std::function<bool()> stop, IoScope& scope);
  ~TrainingClient();  // closes the scope, in which its heartbeat runs

  // Joins the run and starts the heartbeat, each second or at a third of the lease time. Call once, first.
  const RunTerms& Join();
  const RunTerms& terms() const { return terms_; }

  // Up to `max_prompts` leases, after at most `wait`. Empty once `stop` says so. Without a wait the
  // learner is asked only if it gave as many the last time, or some time has passed since: an engine that
  // is at work asks every few tokens, and each answer costs it a token's time.
  LeaseReply LeasePrompts(int64_t max_prompts, std::chrono::milliseconds wait);

  // Weights of at least this version. Checked chunk by chunk and as a whole; a damaged stream is
  // fetched again once, then it is an Error.
  std::shared_ptr<const Weights> FetchWeights(int64_t version);

  // Ends with the lease settled, one way or the other. Error if the learner calls the group invalid.
  asio::awaitable<void> Submit(const Group& group, const GroupTimes& times = {});

  // The lease will not be fulfilled from here: the learner is told with the next LeasePrompts.
  void GiveBack(uint64_t lease_id);

  // The next heartbeats say that the engine has run so many tokens. From any thread.
  void Advance(int64_t tokens) { tokens_ = tokens; }

  // The sampling seed of a lease that is neither settled nor given back.
  uint64_t SeedOf(uint64_t lease_id) const;

  // Frees all leases at the learner. One attempt, at most a second, no exception; works after the scope
  // was cancelled.
  void Leave();

 private:
  struct Fetched;
  v1::Identity Identity() const;
  void AskAgainLater(bool fewer, bool none);
  asio::awaitable<v1::JoinReply> AskToJoin();
  asio::awaitable<void> KeepHeartbeat();
  asio::awaitable<v1::LeasePromptsReply> Lease(v1::LeasePromptsRequest request);
  asio::awaitable<Fetched> FetchOnce(std::chrono::system_clock::time_point deadline);
  asio::awaitable<PublishedWeights> Fetch();

  Peer peer_;
  std::string worker_;
  std::function<bool()> stop_;
  std::unique_ptr<v1::Training::Stub> stub_;
  RunTerms terms_;
  PublishedWeights latest_;
  // Of the worker's own thread.
  std::chrono::milliseconds pause_{0};
  std::chrono::steady_clock::time_point ask_again_;
  std::atomic<int64_t> tokens_{0};  // of any thread
  mutable std::mutex mutex_;
  std::map<uint64_t, uint64_t> held_;  // sampling seeds by lease
};

}  // namespace r1zero
