#include "services/server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "common/error.h"
#include "services/address.h"
#include "services/grpc_log.h"

namespace r1zero {
namespace {

constexpr int kMaxThreads = 1024;  // a waiting call holds one

void SetLimits(grpc::ServerBuilder& builder, const ServerOptions& options) {
  builder.SetMaxReceiveMessageSize(options.max_receive_bytes);
  builder.SetMaxSendMessageSize(options.max_send_bytes);
  builder.SetResourceQuota(grpc::ResourceQuota("r1zero").SetMaxThreads(kMaxThreads));
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);  // or two could share a port unnoticed
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5'000);
}

// Before the first server of the process is built; they count for all of them.
void EnableHealthAndReflection() {
  static const bool once = [] {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  static_cast<void>(once);
}

}  // namespace

void RequireAllowedBind(const ServerOptions& options) {
  const Address address = ParseAddress(options.listen);
  Require(address.is_loopback() || options.insecure_bind, "cannot listen on ", address.ToString(),
          ": other machines could reach it, and calls are neither encrypted nor authenticated yet; "
          "listen on 127.0.0.1, or pass --insecure-bind on a network that you trust");
}

Server::Server(const ServerOptions& options, const std::vector<grpc::Service*>& services) {
  RequireAllowedBind(options);
  Address address = ParseAddress(options.listen);
  CheckCanListen(address);
  PrepareGrpc();
  EnableHealthAndReflection();

  grpc::ServerBuilder builder;
  SetLimits(builder, options);
  int port = 0;
  builder.AddListeningPort(address.ToString(), grpc::InsecureServerCredentials(), &port);
  for (grpc::Service* service : services) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  Require(server_ != nullptr, "cannot listen on ", address.ToString());
  if (!address.is_unix()) address.port = static_cast<uint16_t>(port);
  address_ = address.ToString();
  server_->GetHealthCheckService()->SetServingStatus(true);
}

Server::~Server() { Shutdown(std::chrono::milliseconds(0)); }

void Server::Shutdown(std::chrono::milliseconds grace) {
  if (!server_) return;
  server_->GetHealthCheckService()->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + grace);
  server_->Wait();
  server_.reset();
}

}  // namespace r1zero
