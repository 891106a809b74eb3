#include "services/peer.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <array>
#include <random>

#include "common/error.h"
#include "common/log.h"
#include "services/address.h"
#include "services/grpc_log.h"
#include "services/status.h"

namespace r1zero {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kLongestPause{2'000};
constexpr milliseconds kWarnEvery{10'000};
constexpr milliseconds kLook{20};            // how often to look whether a connection is there
constexpr milliseconds kLookNearby{2};       // and whether somebody listens on this machine,
constexpr milliseconds kLongestLook{1'000};  // for so long; calls are patient themselves

// Half to all of the pause, so that many workers do not come back at the same moment.
milliseconds WithJitter(milliseconds pause) {
  static thread_local std::minstd_rand random(std::random_device{}());
  return milliseconds(
      std::uniform_int_distribution<int64_t>(pause.count() / 2, pause.count())(random));
}

// The last two are how a server that is killed in the middle of a call looks from here.
bool WorthAnotherAttempt(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::CANCELLED:
    case grpc::StatusCode::UNKNOWN: return true;
    default: return false;
  }
}

// By code, as gRPC numbers them.
constexpr std::array kCodeNames = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

std::string CodeName(grpc::StatusCode code) {
  const auto index = static_cast<size_t>(code);
  return index < kCodeNames.size() ? kCodeNames[index] : "status " + std::to_string(code);
}

double Seconds(milliseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::string Describe(const grpc::Status& status, const std::string& role) {
  if (status.error_code() == grpc::StatusCode::UNIMPLEMENTED)
    return "UNIMPLEMENTED: is this the address of a " + role + "?";
  return status.error_message().empty() ? CodeName(status.error_code()) : status.error_message();
}

Patience::Patience(const PeerOptions& options, std::string method)
    : options_(options),
      method_(std::move(method)),
      since_(steady_clock::now()),
      next_warning_(since_ + milliseconds(1'000)) {}

milliseconds Patience::elapsed() const {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now() - since_);
}

system_clock::time_point Patience::Deadline(milliseconds of_one_attempt) const {
  const milliseconds left = std::max(options_.patience - elapsed(), milliseconds(1));
  return system_clock::now() + std::min(of_one_attempt, left);
}

milliseconds Patience::AfterFailure(const grpc::Status& status) {
  const std::string where = options_.role + " " + options_.address + ": " + method_;
  const std::string what = Describe(status, options_.role);
  if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
    throw JoinAgain(where + ": " + what);
  }
  Require(WorthAnotherAttempt(status), where, ": ", what);
  const milliseconds pause = WithJitter(pause_);
  Require(elapsed() + pause < options_.patience, where, ": no answer for ", Seconds(elapsed()),
          " s (", what, "); is the ", options_.role, " running there?");
  if (steady_clock::now() >= next_warning_) {
    LogWarning(where, ": no answer for ", Seconds(elapsed()), " s (", what, "); giving up after ",
               Seconds(options_.patience), " s");
    next_warning_ = steady_clock::now() + kWarnEvery;
  }
  pause_ = std::min(pause_ * 2, kLongestPause);
  return pause;
}

Peer::Peer(PeerOptions options, IoScope& scope) : options_(std::move(options)), scope_(scope) {
  PrepareGrpc();
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(options_.max_receive_bytes);
  arguments.SetMaxSendMessageSize(options_.max_send_bytes);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 5'000);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // Our own attempts are the only ones: gRPC's would be hidden in the deadline.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  channel_ = grpc::CreateCustomChannel(ParseAddress(options_.address).ToString(),
                                       grpc::InsecureChannelCredentials(), arguments);
}

asio::awaitable<void> Peer::Listening() {
  const Address address = ParseAddress(options_.address);
  const auto until = steady_clock::now() + std::min(options_.patience, kLongestLook);
  while (address.is_unix() && !IsListening(address) && steady_clock::now() < until) {
    co_await scope_.Sleep(kLookNearby);
  }
}

asio::awaitable<void> Peer::Connected() {
  const grpc::Status down(grpc::StatusCode::UNAVAILABLE, "cannot connect");
  Patience patience(options_, "connect");
  while (channel_->GetState(/*try_to_connect=*/true) != GRPC_CHANNEL_READY) {
    patience.AfterFailure(down);
    co_await scope_.Sleep(kLook);
  }
}

}  // namespace r1zero
