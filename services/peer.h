// The other end of a connection: where it is, how long one call may take, how long to be patient.
//
//   attempt -> no answer -> pause (doubling, with jitter) -> attempt -> ...
//
// until the patience is over, and then an Error that says who did not answer what for how long.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <chrono>
#include <memory>
#include <string>

#include "services/io_scope.h"

namespace r1zero {

struct PeerOptions {
  std::string role;     // "learner", "reward service"; for messages
  std::string address;  // HOST:PORT or unix:PATH
  std::chrono::milliseconds patience{60'000};
  int max_receive_bytes = 64 << 20;
  int max_send_bytes = 64 << 20;
};

// What the status says: its message, the code's name where there is none, and for a method that the
// server does not know the question whether it is a `role` at all.
std::string Describe(const grpc::Status& status, const std::string& role);

// One call's worth of patience, over all its attempts.
class Patience {
 public:
  Patience(const PeerOptions& options, std::string method);

  // When an attempt that starts now must have ended.
  std::chrono::system_clock::time_point Deadline(std::chrono::milliseconds of_one_attempt) const;

  // How long to pause before the next attempt. Throws JoinAgain for FAILED_PRECONDITION, Error for a
  // status that another attempt would not change, and Error once the patience is over.
  std::chrono::milliseconds AfterFailure(const grpc::Status& status);

 private:
  std::chrono::milliseconds elapsed() const;

  const PeerOptions& options_;
  std::string method_;
  std::chrono::steady_clock::time_point since_, next_warning_;
  std::chrono::milliseconds pause_{100};
};

class Peer {
 public:
  // Error if the address makes no sense. Does not connect yet. `scope` must outlive the peer.
  Peer(PeerOptions options, IoScope& scope);

  const PeerOptions& options() const { return options_; }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  IoScope& scope() { return scope_; }

  // One unary call, repeated. `start(context, reply, done)` starts an attempt with the callback API.
  template <typename Reply, typename Start>
  asio::awaitable<Reply> Call(std::string method, std::chrono::milliseconds deadline, Start start);

  // Waits until a server of this machine (unix:PATH) listens, a second at most; elsewhere
  // not at all. A first attempt that comes too early would cost gRPC's pause after it, 100 ms and more.
  asio::awaitable<void> Listening();

  // Waits until there is a connection; Error once the patience is over.
  asio::awaitable<void> Connected();

 private:
  PeerOptions options_;
  IoScope& scope_;
  std::shared_ptr<grpc::Channel> channel_;
};

template <typename Reply, typename Start>
asio::awaitable<Reply> Peer::Call(std::string method, std::chrono::milliseconds deadline,
                                  Start start) {
  Patience patience(options_, std::move(method));
  for (;;) {
    grpc::ClientContext context;
    context.set_deadline(patience.Deadline(deadline));
    Reply reply;
    auto attempt = [&](auto done) { start(&context, &reply, std::move(done)); };
    const grpc::Status status = co_await scope_.Call(context, attempt);
    if (status.ok()) co_return reply;
    co_await scope_.Sleep(patience.AfterFailure(status));
  }
}

}  // namespace r1zero
