// A gRPC server as every process of the ring runs it: one address, bounded messages, keepalive,
// health (grpc.health.v1) and reflection.
#pragma once

#include <grpcpp/impl/codegen/service_type.h>
#include <grpcpp/server.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace r1zero {

struct ServerOptions {
  std::string listen = "127.0.0.1:0";  // HOST:PORT, port 0: a free one; or unix:PATH
  bool insecure_bind = false;          // allow an address that other machines can reach
  int max_receive_bytes = 64 << 20;    // of one message
  int max_send_bytes = 64 << 20;
};

// Error if the address makes no sense, or is not loopback while `insecure_bind` is false.
void RequireAllowedBind(const ServerOptions& options);

class Server {
 public:
  // Listens and serves until Shutdown or destruction; the services must outlive it. Error if the address
  // makes no sense, is taken, or is not loopback while `insecure_bind` is false.
  Server(const ServerOptions& options, const std::vector<grpc::Service*>& services);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // As a client on this machine dials it; with the port that was picked.
  const std::string& address() const { return address_; }

  // Takes no more calls, reports NOT_SERVING, and gives those under way this long. Idempotent.
  void Shutdown(std::chrono::milliseconds grace);

 private:
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace r1zero
