#include "services/training_client.h"

#include <algorithm>
#include <utility>

#include "common/error.h"
#include "common/log.h"
#include "services/status.h"
#include "services/weight_stream.h"

namespace r1zero {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr milliseconds kDeadline{10'000};
constexpr milliseconds kLongestBeat{1'000};  // a learner that hears nothing new for 5 s says so
constexpr milliseconds kLongestLeave{1'000};
constexpr milliseconds kFirstPause{100}, kLongestPause{1'000};  // between questions for leases
constexpr int64_t kSlowestBytesPerMs = 1'000;  // a slower link is no link for weights

// Feeds one stream into a receiver, on gRPC's threads, and calls `done` last.
class WeightReader final : public grpc::ClientReadReactor<v1::WeightsChunk> {
 public:
  WeightReader(WeightReceiver& receiver, grpc::ClientContext& context)
      : receiver_(receiver), context_(context) {}

  void Start(std::function<void(grpc::Status)> done) {
    done_ = std::move(done);
    StartRead(&chunk_);
    StartCall();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    try {
      receiver_.Add(chunk_);
      StartRead(&chunk_);
    } catch (const Error& e) {
      damage_ = e.what();
      context_.TryCancel();
    }
  }

  void OnDone(const grpc::Status& status) override {
    const auto done = std::move(done_);  // it may end this object's life
    done(status);
  }

  const std::string& damage() const { return damage_; }

 private:
  WeightReceiver& receiver_;
  grpc::ClientContext& context_;
  v1::WeightsChunk chunk_;
  std::string damage_;
  std::function<void(grpc::Status)> done_;
};

}  // namespace

// What one attempt at the weights gave: the weights, a status, or what is wrong with the bytes.
struct TrainingClient::Fetched {
  PublishedWeights weights;
  grpc::Status status;
  std::string damage;
};

TrainingClient::TrainingClient(PeerOptions peer, std::string worker, std::function<bool()> stop,
                               IoScope& scope)
    : peer_(std::move(peer), scope),
      worker_(std::move(worker)),
      stop_(std::move(stop)),
      stub_(v1::Training::NewStub(peer_.channel())) {}

TrainingClient::~TrainingClient() { peer_.scope().Close(); }

v1::Identity TrainingClient::Identity() const {
  v1::Identity identity;
  identity.set_run_id(terms_.run_id);
  identity.set_epoch(terms_.epoch);
  identity.set_worker(worker_);
  return identity;
}

const RunTerms& TrainingClient::Join() {
  terms_ = FromProto(peer_.scope().Block(AskToJoin(), stop_));
  peer_.scope().Spawn(KeepHeartbeat());
  return terms_;
}

asio::awaitable<v1::JoinReply> TrainingClient::AskToJoin() {
  v1::JoinRequest request;
  request.set_worker(worker_);
  request.set_protocol(kProtocolVersion);
  auto start = [&](grpc::ClientContext* context, v1::JoinReply* reply, auto done) {
    stub_->async()->Join(context, &request, reply, std::move(done));
  };
  co_await peer_.Listening();
  co_return co_await peer_.Call<v1::JoinReply>("Join", kDeadline, start);
}

asio::awaitable<void> TrainingClient::KeepHeartbeat() {
  const milliseconds every = std::min(terms_.lease_time / 3, kLongestBeat);
  v1::HeartbeatRequest request;
  *request.mutable_identity() = Identity();
  for (;;) {
    co_await peer_.scope().Sleep(every);
    grpc::ClientContext context;
    context.set_deadline(system_clock::now() + every);
    request.set_tokens(tokens_);
    v1::HeartbeatReply reply;
    auto start = [&](auto done) {
      stub_->async()->Heartbeat(&context, &request, &reply, std::move(done));
    };
    const grpc::Status status = co_await peer_.scope().Call(context, start);
    // One that is lost is no failure: the calls that matter are patient, and say so.
    if (status.error_code() == grpc::StatusCode::FAILED_PRECONDITION) {
      throw JoinAgain(status.error_message());
    }
  }
}

asio::awaitable<v1::LeasePromptsReply> TrainingClient::Lease(v1::LeasePromptsRequest request) {
  auto start = [&](grpc::ClientContext* context, v1::LeasePromptsReply* reply, auto done) {
    stub_->async()->LeasePrompts(context, &request, reply, std::move(done));
  };
  const milliseconds deadline = milliseconds(request.wait_ms()) + kDeadline;
  co_return co_await peer_.Call<v1::LeasePromptsReply>("LeasePrompts", deadline, start);
}

LeaseReply TrainingClient::LeasePrompts(int64_t max_prompts, milliseconds wait) {
  peer_.scope().RethrowFailure();
  if (wait == milliseconds(0) && steady_clock::now() < ask_again_) return {};
  v1::LeasePromptsRequest request;
  *request.mutable_identity() = Identity();
  request.set_max_prompts(max_prompts);
  request.set_wait_ms(wait.count());
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [lease, seed] : held_) request.add_holding(lease);
  }
  LeaseReply reply;
  try {
    const auto answer = peer_.scope().Block(Lease(std::move(request)), stop_);
    reply.run_over = answer.run_over();
    for (const v1::Lease& lease : answer.leases()) reply.leases.push_back(FromProto(lease));
  } catch (const Interrupted&) {
    return {};
  }
  const int64_t most = std::min(max_prompts, terms_.max_prompts_per_lease);
  AskAgainLater(static_cast<int64_t>(reply.leases.size()) < most, reply.leases.empty());
  const std::lock_guard lock(mutex_);
  for (const auto& lease : reply.leases) held_[lease.id] = lease.sampling.seed;
  return reply;
}

// Fewer than it could have been: there are no more for this worker now. None at all: the pause doubles.
void TrainingClient::AskAgainLater(bool fewer, bool none) {
  pause_ = none ? std::clamp(2 * pause_, kFirstPause, kLongestPause) : kFirstPause;
  ask_again_ = fewer ? steady_clock::now() + pause_ : steady_clock::time_point();
}

std::shared_ptr<const Weights> TrainingClient::FetchWeights(int64_t version) {
  peer_.scope().RethrowFailure();
  latest_ = peer_.scope().Block(Fetch(), stop_);
  Require(latest_.weights->version >= version, "learner ", peer_.options().address,
          ": FetchWeights gave version ", latest_.weights->version, ", wanted ", version,
          " or newer");
  return latest_.weights;
}

asio::awaitable<PublishedWeights> TrainingClient::Fetch() {
  const int64_t bytes = NumParameters(terms_.model) * static_cast<int64_t>(sizeof(float));
  const milliseconds deadline = kDeadline + milliseconds(bytes / kSlowestBytesPerMs);
  Patience patience(peer_.options(), "FetchWeights");
  for (int damaged = 0;;) {
    Fetched fetched = co_await FetchOnce(patience.Deadline(deadline));
    if (fetched.damage.empty() && fetched.status.ok()) co_return std::move(fetched.weights);
    if (fetched.damage.empty()) {
      co_await peer_.scope().Sleep(patience.AfterFailure(fetched.status));
      continue;
    }
    Require(++damaged < 2, "learner ", peer_.options().address, ": FetchWeights: ", fetched.damage,
            ", twice in a row; is something on the way changing the bytes?");
    LogWarning("learner ", peer_.options().address, ": FetchWeights: ", fetched.damage,
               "; fetching again");
  }
}

asio::awaitable<TrainingClient::Fetched> TrainingClient::FetchOnce(
    system_clock::time_point deadline) {
  v1::FetchWeightsRequest request;
  *request.mutable_identity() = Identity();
  request.set_have_sha256(latest_.sha256);
  WeightReceiver receiver(terms_.model, latest_.weights, latest_.sha256);
  grpc::ClientContext context;
  context.set_deadline(deadline);
  WeightReader reader(receiver, context);
  auto start = [&](auto done) {
    stub_->async()->FetchWeights(&context, &request, &reader);
    reader.Start(std::move(done));
  };
  Fetched fetched;
  fetched.status = co_await peer_.scope().Call(context, start);
  fetched.damage = reader.damage();
  try {
    if (fetched.status.ok() && fetched.damage.empty()) fetched.weights = receiver.Finish();
  } catch (const Error& e) {
    fetched.damage = e.what();
  }
  co_return fetched;
}

asio::awaitable<void> TrainingClient::Submit(const Group& group, const GroupTimes& times) {
  v1::SubmitGroupRequest request;
  *request.mutable_identity() = Identity();
  *request.mutable_group() = ToProto(group);
  request.set_engine_seconds(times.engine_s);
  request.set_reward_seconds(times.reward_s);
  auto start = [&](grpc::ClientContext* context, v1::SubmitGroupReply* reply, auto done) {
    stub_->async()->SubmitGroup(context, &request, reply, std::move(done));
  };
  const auto reply = co_await peer_.Call<v1::SubmitGroupReply>("SubmitGroup", kDeadline, start);
  GiveBack(group.lease_id);
  const SubmitVerdict verdict = FromProto(reply.verdict());
  Require(verdict != SubmitVerdict::kInvalid, "learner ", peer_.options().address,
          ": SubmitGroup: the group of prompt ", group.prompt.ordinal,
          " was refused: ", reply.why());
  if (verdict == SubmitVerdict::kStale || verdict == SubmitVerdict::kUnknownLease) {
    LogInfo("the group of prompt ", group.prompt.ordinal, " came too late");
  }
}

void TrainingClient::GiveBack(uint64_t lease_id) {
  const std::lock_guard lock(mutex_);
  held_.erase(lease_id);
}

uint64_t TrainingClient::SeedOf(uint64_t lease_id) const {
  const std::lock_guard lock(mutex_);
  const auto found = held_.find(lease_id);
  Require(found != held_.end(), "lease ", lease_id, " is not held here");
  return found->second;
}

void TrainingClient::Leave() {
  v1::LeaveRequest request;
  *request.mutable_identity() = Identity();
  v1::LeaveReply reply;
  grpc::ClientContext context;
  context.set_deadline(system_clock::now() + kLongestLeave);
  stub_->Leave(&context, request, &reply);
}

}  // namespace r1zero
