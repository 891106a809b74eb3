#include "services/training_service.h"

#include <grpcpp/server_context.h>

#include <algorithm>
#include <cmath>

#include "common/log.h"
#include "services/status.h"
#include "services/weight_stream.h"

namespace r1zero {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLongestWait{30'000};
constexpr milliseconds kSlice{50};  // how often a waiting call looks whether its caller is gone
constexpr size_t kLongestName = 200;
constexpr size_t kMaxWorkers = 4096;

void CheckWorkerName(const std::string& worker) {
  Require(!worker.empty() && worker.size() <= kLongestName, "worker has a name of ", worker.size(),
          " bytes, expected 1 to ", kLongestName);
}

// What a worker says of its time is for the metrics only: nonsense is no reason to refuse a group.
double Seconds(double said) { return std::isfinite(said) && said > 0 ? said : 0; }

// Waits in slices, so that a caller that went away does not keep its thread.
std::optional<std::vector<Lease>> LeaseUnlessCancelled(GroupBuffer& buffer,
                                                       const std::string& worker,
                                                       int64_t max_prompts, milliseconds wait,
                                                       const grpc::ServerContext& context) {
  const auto deadline = steady_clock::now() + wait;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    auto leases =
        buffer.LeasePrompts(worker, max_prompts, std::clamp(left, milliseconds(0), kSlice));
    if (!leases || !leases->empty() || left <= kSlice || context.IsCancelled()) return leases;
  }
}

}  // namespace

TrainingService::TrainingService(RunTerms terms, GroupBuffer& buffer, const WeightStore& weights)
    : terms_(std::move(terms)), buffer_(buffer), weights_(weights) {}

grpc::Status TrainingService::Join(grpc::ServerContext*, const v1::JoinRequest* request,
                                   v1::JoinReply* reply) {
  return Guard([&] {
    CheckWorkerName(request->worker());
    Require(request->protocol() == kProtocolVersion, "protocol is ", request->protocol(),
            ", this learner speaks ", kProtocolVersion,
            "; are worker and learner of the same release?");
    buffer_.Forget(request->worker());  // what an earlier process of that name has held
    *reply = ToProto(terms_);
    LogInfo("worker ", request->worker(), " joined");
  });
}

grpc::Status TrainingService::LeasePrompts(grpc::ServerContext* context,
                                           const v1::LeasePromptsRequest* request,
                                           v1::LeasePromptsReply* reply) {
  return Guard([&] {
    const std::string& worker = Caller(request->identity());
    Require(request->max_prompts() >= 0, "max_prompts is ", request->max_prompts(),
            ", expected 0 or more");
    const milliseconds wait(std::clamp<int64_t>(request->wait_ms(), 0, kLongestWait.count()));
    buffer_.Keep(worker, {request->holding().data(), static_cast<size_t>(request->holding_size())});
    const int64_t max_prompts = std::min(request->max_prompts(), terms_.max_prompts_per_lease);
    const auto leases = LeaseUnlessCancelled(buffer_, worker, max_prompts, wait, *context);
    reply->set_run_over(!leases);
    if (!leases) return Gone(worker);
    for (const Lease& lease : *leases) *reply->add_leases() = ToProto(lease);
  });
}

grpc::Status TrainingService::SubmitGroup(grpc::ServerContext*,
                                          const v1::SubmitGroupRequest* request,
                                          v1::SubmitGroupReply* reply) {
  return Guard([&] {
    const std::string& worker = Caller(request->identity());
    std::string why;
    SubmitVerdict verdict = SubmitVerdict::kInvalid;
    try {
      verdict = buffer_.Submit(worker, FromProto(request->group()), &why,
                               {.engine_s = Seconds(request->engine_seconds()),
                                .reward_s = Seconds(request->reward_seconds())});
    } catch (const Error& e) {
      why = e.what();
    }
    reply->set_verdict(ToProto(verdict));
    reply->set_why(why);
    if (verdict == SubmitVerdict::kInvalid) {
      LogWarning("refused a group of worker ", worker, " for prompt ", request->group().ordinal(),
                 ": ", why);
    }
  });
}

grpc::Status TrainingService::FetchWeights(grpc::ServerContext*,
                                           const v1::FetchWeightsRequest* request,
                                           grpc::ServerWriter<v1::WeightsChunk>* writer) {
  const PublishedWeights latest = weights_.Latest();
  if (!latest.weights) return {grpc::StatusCode::UNAVAILABLE, "no weights have been published yet"};
  return Guard([&] {
    Caller(request->identity());
    SendWeights(latest, request->have_sha256(),
                [&](const v1::WeightsChunk& chunk) { return writer->Write(chunk); });
  });
}

grpc::Status TrainingService::Heartbeat(grpc::ServerContext*, const v1::HeartbeatRequest* request,
                                        v1::HeartbeatReply* reply) {
  return Guard([&] {
    buffer_.Heartbeat(Caller(request->identity()), request->tokens());
    const PublishedWeights latest = weights_.Latest();
    reply->set_policy_version(latest.weights ? latest.weights->version : -1);
  });
}

grpc::Status TrainingService::Leave(grpc::ServerContext*, const v1::LeaveRequest* request,
                                    v1::LeaveReply*) {
  return Guard([&] {
    const std::string& worker = Caller(request->identity());
    buffer_.Forget(worker);
    Gone(worker);
    LogInfo("worker ", worker, " left");
  });
}

void TrainingService::WaitUntilWorkersKnow(milliseconds limit) {
  std::unique_lock lock(mutex_);
  ForgetSilent(steady_clock::now());
  somebody_left_.wait_for(lock, limit, [&] { return heard_of_.empty(); });
}

const std::string& TrainingService::Caller(const v1::Identity& identity) {
  CheckWorkerName(identity.worker());
  if (identity.run_id() != terms_.run_id || identity.epoch() != terms_.epoch) {
    std::ostringstream message;
    message << "the caller joined run '" << identity.run_id() << "' epoch " << identity.epoch()
            << ", this is run '" << terms_.run_id << "' epoch " << terms_.epoch << ": join again";
    throw JoinAgain(message.str());
  }
  const auto now = steady_clock::now();
  const std::lock_guard lock(mutex_);
  if (heard_of_.size() >= kMaxWorkers && !heard_of_.contains(identity.worker())) {
    ForgetSilent(now);
    Require(heard_of_.size() < kMaxWorkers, "there are already ", kMaxWorkers, " workers");
  }
  heard_of_[identity.worker()] = now;
  return identity.worker();
}

void TrainingService::ForgetSilent(steady_clock::time_point now) {
  std::erase_if(heard_of_,
                [&](const auto& worker) { return now - worker.second > terms_.lease_time; });
}

void TrainingService::Gone(const std::string& worker) {
  const std::lock_guard lock(mutex_);
  heard_of_.erase(worker);
  somebody_left_.notify_all();
}

}  // namespace r1zero
